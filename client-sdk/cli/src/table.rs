//! Columns of text.

use std::fmt::{self, Formatter};

use unicode_width::UnicodeWidthStr as _;

/// Rows of the same number of cells.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a head.
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_uppercase).to_vec()] }
    }

    /// A table of names and values, without a head; values that are empty are left out.
    pub(crate) fn facts<const N: usize>(facts: [(&str, String); N]) -> Self {
        let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let rows = facts.map(|(name, value)| vec![name.to_owned(), printable(&value)]);
        Self { rows: rows.collect() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// The table with a row for each item.
    pub(crate) fn of<const N: usize, T>(
        head: [&str; N],
        items: &[T],
        row: impl Fn(&T) -> [String; N],
    ) -> Self {
        let mut table = Self::new(head);
        items.iter().for_each(|item| table.row(row(item)));
        table
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let space = width - cell.width();
                line += &format!("{cell}{}  ", " ".repeat(space));
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Text of other people on one line, without what would steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    // What turns the direction of writing can make a name look like another.
    let is_turn = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let keep = |letter: &char| !is_turn(*letter);
    text.chars().filter(keep).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_however_wide_letters_are() {
        let mut table = Table::new(["name", "photos"]);
        table.row(["夏".to_owned(), "1".to_owned()]);
        table.row(["Summer".to_owned(), "12".to_owned()]);
        assert_eq!(table.to_string(), "NAME    PHOTOS\n夏      1\nSummer  12\n");
    }

    #[test]
    fn names_do_not_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc\u{202e}d"), "a [2Jb cd");
    }
}
