//! Matches many globs at once: one bit for each place in a pattern that the path read so far can
//! have led to.
//!
//! With every character all bits move together, 64 by a few instructions, so that the time is the
//! length of the path times that of the patterns at most, whatever they are. Nothing is ever tried
//! again, and nothing is allocated.

use super::{Set, Token};

/// Words of 64 bits that a pattern of any allowed length fits into.
const WIDE: usize = 16;

/// Some globs.
#[derive(Debug, Default)]
pub(crate) struct Globs {
    /// Most patterns are short, and many fit into one word.
    narrow: Vec<Automaton<1>>,
    wide: Vec<Automaton<WIDE>>,
}

impl Globs {
    /// Patterns of at most [`MAX_PATTERN_LEN`](crate::MAX_PATTERN_LEN) characters.
    pub(crate) fn new(patterns: &[Vec<Token>]) -> Self {
        let (narrow, wide): (Vec<_>, Vec<_>) =
            patterns.iter().map(Vec::as_slice).partition(|tokens| tokens.len() < 64);
        Self { narrow: Automaton::pack(&narrow), wide: Automaton::pack(&wide) }
    }

    /// Whether one of them matches the whole of `path`.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.narrow.iter().any(|automaton| automaton.matches(path))
            || self.wide.iter().any(|automaton| automaton.matches(path))
    }
}

/// Bits, one for each place before, between and behind the tokens of the patterns, which lie side
/// by side. The bit of a token is that of the place before it.
#[derive(Clone, Copy, Debug)]
struct Bits<const W: usize>([u64; W]);

impl<const W: usize> Bits<W> {
    const NONE: Self = Self([0; W]);

    fn set(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }
}

/// Patterns that together have at most 64 × `W` places.
#[derive(Debug)]
struct Automaton<const W: usize> {
    classes: Classes,
    /// By class of characters, the tokens that match one of them.
    one: Vec<Bits<W>>,
    /// `*`
    star: Bits<W>,
    /// `/**`
    below: Bits<W>,
    /// `**/`
    above: Bits<W>,
    optional: Runs<W>,
    /// The places before the first token and those that can be reached from there by nothing.
    start: Bits<W>,
    /// The places behind the last token.
    end: Bits<W>,
}

/// Tokens that can match nothing and follow each other.
#[derive(Debug)]
struct Runs<const W: usize> {
    /// The place before each run.
    first: Bits<W>,
    /// The place behind each run.
    last: Bits<W>,
    /// All places of the runs but the first.
    rest: Bits<W>,
}

impl<const W: usize> Automaton<W> {
    /// As few automata as patterns fit into, taken in their order.
    fn pack(patterns: &[&[Token]]) -> Vec<Self> {
        let mut packed = Vec::new();
        let mut start = 0;
        let mut places = 0;
        for (index, tokens) in patterns.iter().enumerate() {
            if places + tokens.len() + 1 > 64 * W {
                packed.push(Self::new(&patterns[start..index]));
                (start, places) = (index, 0);
            }
            places += tokens.len() + 1;
        }
        if start < patterns.len() {
            packed.push(Self::new(&patterns[start..]));
        }
        packed
    }

    fn new(patterns: &[&[Token]]) -> Self {
        let sets = patterns.iter().copied().flatten().filter_map(|token| match token {
            Token::One(set) => Some(set),
            Token::Star | Token::Below | Token::Above => None,
        });
        let classes = Classes::new(sets);
        let mut new = Self {
            one: vec![Bits::NONE; classes.starts.len()],
            classes,
            star: Bits::NONE,
            below: Bits::NONE,
            above: Bits::NONE,
            optional: Runs { first: Bits::NONE, last: Bits::NONE, rest: Bits::NONE },
            start: Bits::NONE,
            end: Bits::NONE,
        };
        let mut place = 0;
        for tokens in patterns {
            new.start.set(place);
            for (index, token) in tokens.iter().enumerate() {
                new.add(place, token);
                if token.is_optional() {
                    let is_first = index == 0 || !tokens[index - 1].is_optional();
                    let is_last = !tokens.get(index + 1).is_some_and(Token::is_optional);
                    new.optional.add(place, is_first, is_last);
                }
                place += 1;
            }
            new.end.set(place);
            place += 1;
        }
        new.start = new.optional.skip(new.start);
        new
    }

    fn add(&mut self, place: usize, token: &Token) {
        match token {
            Token::Star => self.star.set(place),
            Token::Below => self.below.set(place),
            Token::Above => self.above.set(place),
            Token::One(set) => {
                for (one, start) in self.one.iter_mut().zip(&self.classes.starts) {
                    if set.contains(*start) {
                        one.set(place);
                    }
                }
            }
        }
    }

    fn matches(&self, path: &str) -> bool {
        let mut here = self.start;
        // Tokens that have matched a part and need not be through: a `/**` that has read its slash,
        // one that has read more, and a `**/` that has read something.
        let mut opened = Bits::<W>::NONE;
        let mut inside = Bits::<W>::NONE;
        let mut ahead = Bits::<W>::NONE;
        let mut is_first = u64::MAX;
        for c in path.chars() {
            let one = &self.one[self.classes.of(c)];
            let is_slash = if c == '/' { u64::MAX } else { 0 };
            let mut next = Bits::<W>::NONE;
            let mut carry = 0;
            for w in 0..W {
                let now = here.0[w];
                inside.0[w] |= opened.0[w];
                opened.0[w] = now & self.below.0[w] & is_slash;
                let through = (now & one.0[w]) | inside.0[w] | (ahead.0[w] & is_slash);
                ahead.0[w] |= now & self.above.0[w] & is_first;
                next.0[w] = (through << 1) | carry | (now & self.star.0[w] & !is_slash);
                carry = through >> 63;
            }
            here = self.optional.skip(next);
            is_first = 0;
            let alive = |w: usize| here.0[w] | opened.0[w] | inside.0[w] | ahead.0[w] != 0;
            if !(0..W).any(alive) {
                return false;
            }
        }
        (0..W).any(|w| here.0[w] & self.end.0[w] != 0)
    }
}

impl<const W: usize> Runs<W> {
    /// Adds the token behind `place`, told whether it is the first and the last of its run.
    fn add(&mut self, place: usize, is_first: bool, is_last: bool) {
        if is_first {
            self.first.set(place);
        }
        if is_last {
            self.last.set(place + 1);
        }
        self.rest.set(place + 1);
    }

    /// Adds the places that can be reached from `places` by matching nothing: in each run, all
    /// behind the first one that is set.
    ///
    /// Taking `first` away from `places` borrows along a run up to that one and not further, since
    /// `last` stops it: the bits behind it are those that stay as they are. After G. Navarro and
    /// M. Raffinot, "Fast and simple character classes and bounded gaps pattern matching".
    fn skip(&self, places: Bits<W>) -> Bits<W> {
        let mut reached = places;
        let mut borrow = false;
        for w in 0..W {
            let stopped = places.0[w] | self.last.0[w];
            let (less, borrows) = stopped.overflowing_sub(self.first.0[w]);
            let (less, borrows_more) = less.overflowing_sub(u64::from(borrow));
            borrow = borrows || borrows_more;
            reached.0[w] |= self.rest.0[w] & !(less ^ stopped);
        }
        reached
    }
}

/// Numbers characters so that those with one number are in the same sets.
#[derive(Debug)]
struct Classes {
    /// The number of each ASCII character.
    ascii: [u16; 128],
    /// The first character of each class.
    starts: Vec<u32>,
}

impl Classes {
    fn new<'a>(sets: impl Iterator<Item = &'a Set>) -> Self {
        let mut starts: Vec<_> = sets.flat_map(Set::bounds).chain([0]).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut classes = Self { ascii: [0; 128], starts };
        for c in 0..=127_u8 {
            // Each of the at most MAX_LIST_LEN characters of the patterns gives two bounds at most.
            let number = u16::try_from(classes.search(c.into())).unwrap_or(u16::MAX);
            classes.ascii[usize::from(c)] = number;
        }
        classes
    }

    fn of(&self, c: char) -> usize {
        let c = u32::from(c);
        match usize::try_from(c).ok().and_then(|c| self.ascii.get(c)) {
            Some(number) => (*number).into(),
            None => self.search(c),
        }
    }

    fn search(&self, c: u32) -> usize {
        self.starts.partition_point(|start| *start <= c) - 1
    }
}
