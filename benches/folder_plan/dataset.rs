//! Paths as people have them.

/// Below this all of them lie.
pub(crate) const ROOT: &str = "/mnt/nas/photos";

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FILES_IN_FOLDER: usize = 40;
/// Coprime to every number of paths that is a power of ten.
const STRIDE: usize = 7919;

/// How paths lie in folders, and which comes after which.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// Folder by folder, as a scan finds them.
    Sorted,
    /// Each in another folder than the one before.
    Scattered,
    /// Each in a folder of its own.
    Alone,
}

impl Order {
    pub(crate) const ALL: [Self; 3] = [Self::Sorted, Self::Scattered, Self::Alone];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sorted => "by folder",
            Self::Scattered => "scattered",
            Self::Alone => "one in a folder",
        }
    }
}

/// So many paths.
pub(crate) fn paths(count: usize, order: Order) -> Vec<String> {
    let path = |position: usize| match order {
        Order::Sorted => file(position, position / FILES_IN_FOLDER),
        Order::Scattered => {
            let number = position * STRIDE % count;
            file(number, number / FILES_IN_FOLDER)
        }
        Order::Alone => file(position, position),
    };
    (0..count).map(path).collect()
}

fn file(number: usize, folder: usize) -> String {
    let year = 2000 + folder % 25;
    let month = folder / 25 % 12;
    let name = MONTHS[month];
    format!("{ROOT}/{year}/{:02} {name}/Trip_{folder}_to_the_sea/IMG_{number:07}.jpg", month + 1)
}
