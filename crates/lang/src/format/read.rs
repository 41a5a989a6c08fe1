//! A file's content with its comments, each at what it stands above or behind.

use granit_parser::{Event, Parser, Span, StructureStyle, options};

/// A file's content.
#[derive(Debug)]
pub(super) struct Document {
    /// What stands above everything.
    pub(super) header: Vec<String>,
    pub(super) root: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Scalar {
        text: String,
        style: Style,
        /// Comments that are to go to what it stands in.
        comments: Vec<String>,
    },
    Empty,
    List(Group),
    Map(Group),
}

/// What a scalar is, which decides how it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A number, a date or another value: what it looks like is what it is.
    Value,
    /// A string, whatever it looks like.
    Text,
    /// The id of a term, an agreement or a version.
    Id,
}

/// The items of a list or the entries of a mapping.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) entries: Vec<Entry>,
    /// Comments below the last of them.
    pub(super) end: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// Comments above it; an empty one is a blank line between two.
    pub(super) above: Vec<String>,
    /// A comment on its first line.
    pub(super) behind: Option<String>,
    /// Its key, in a mapping.
    pub(super) key: String,
    pub(super) value: Value,
}

impl Document {
    /// Every comment, in order of text: formatting moves some with their keys.
    pub(super) fn comments(&self) -> Vec<String> {
        let mut all: Vec<&str> = self.header.iter().map(String::as_str).collect();
        self.root.comments(&mut all);
        all.retain(|comment| !comment.is_empty());
        all.sort_unstable();
        all.into_iter().map(str::to_owned).collect()
    }
}

impl Entry {
    /// Takes the comments inside of its value.
    pub(super) fn comments_below(&mut self) -> Vec<String> {
        let mut taken = Vec::new();
        self.value.take_comments(&mut taken);
        taken
    }
}

impl Value {
    /// Whether two values say the same, comments aside.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar { text: one, .. }, Self::Scalar { text: other, .. }) => one == other,
            (Self::Empty, Self::Empty) => true,
            (Self::List(one), Self::List(other)) | (Self::Map(one), Self::Map(other)) => {
                let same = |(one, other): (&Entry, &Entry)| {
                    one.key == other.key && one.value.says(&other.value)
                };
                one.entries.len() == other.entries.len()
                    && one.entries.iter().zip(&other.entries).all(same)
            }
            (Self::Scalar { .. } | Self::Empty | Self::List(_) | Self::Map(_), _) => false,
        }
    }

    fn comments<'a>(&'a self, all: &mut Vec<&'a str>) {
        match self {
            Self::Scalar { comments, .. } => all.extend(comments.iter().map(String::as_str)),
            Self::Empty => {}
            Self::List(group) | Self::Map(group) => {
                for entry in &group.entries {
                    all.extend(entry.above.iter().map(String::as_str));
                    all.extend(entry.behind.as_deref());
                    entry.value.comments(all);
                }
                all.extend(group.end.iter().map(String::as_str));
            }
        }
    }

    fn take_comments(&mut self, taken: &mut Vec<String>) {
        match self {
            Self::Scalar { comments, .. } => taken.append(comments),
            Self::Empty => {}
            Self::List(group) | Self::Map(group) => {
                for entry in &mut group.entries {
                    taken.append(&mut entry.above);
                    entry.value.take_comments(taken);
                    taken.extend(entry.behind.take());
                }
                taken.append(&mut group.end);
            }
        }
    }
}

/// Where an entry stands that begins a line or follows a dash: comments belong to such.
struct Spot {
    start: usize,
    column: usize,
    group: usize,
    /// Where its value ends, if it is one word or stands in brackets.
    leaf: Option<Leaf>,
    above: Vec<(usize, String)>,
    behind: Option<String>,
}

struct Leaf {
    end: usize,
    scalar: bool,
}

/// A list or a mapping in a block.
struct Block {
    /// The spot whose value it is.
    within: Option<usize>,
    column: usize,
    end: Vec<(usize, String)>,
}

struct Comment {
    start: usize,
    text: String,
}

/// A list or a mapping that is being read.
struct Open {
    map: bool,
    block: Option<usize>,
    start: usize,
    spot: Option<usize>,
    group: Draft,
    key: Option<(String, Option<usize>)>,
}

#[derive(Default)]
struct Draft {
    entries: Vec<(Option<usize>, String, DraftValue)>,
    block: Option<usize>,
}

enum DraftValue {
    Scalar(String),
    Empty,
    List(Draft),
    Map(Draft),
}

struct Reader<'a> {
    text: &'a str,
    spots: Vec<Spot>,
    blocks: Vec<Block>,
    stack: Vec<Open>,
    root: Option<DraftValue>,
}

/// Reads a text that was parsed before; nothing for one without content.
pub(super) fn read(text: &str) -> Option<Document> {
    let mut reader =
        Reader { text, spots: Vec::new(), blocks: Vec::new(), stack: Vec::new(), root: None };
    let mut comments = Vec::new();
    let options = options! { emit_comments: true, max_buffered_comment_events: usize::MAX };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, mark) = event.ok()?;
        if let Event::Comment(..) = event {
            let (start, end) = (mark.start.byte_offset()?, mark.end.byte_offset()?);
            let text = text.get(start..end)?.trim_end().to_owned();
            comments.push(Comment { start, text });
        } else {
            reader.event(event, mark)?;
        }
    }
    comments.sort_by_key(|comment| comment.start);
    let header = reader.attach(comments);
    let Reader { text, mut spots, mut blocks, root, .. } = reader;
    let root = finish(root?, text, &mut spots, &mut blocks);
    Some(Document { header: spaced(text, header), root })
}

impl Reader<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser may gain events; only those below carry values"
    )]
    fn event(&mut self, event: Event<'_>, mark: Span) -> Option<()> {
        let (start, end) = (mark.start.byte_offset()?, mark.end.byte_offset()?);
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, granit_parser::ScalarStyle::Plain);
                let text = text.into_owned();
                if let Some(open) = self.stack.last()
                    && open.map
                    && open.key.is_none()
                {
                    let block = open.block;
                    let spot = block.map(|block| self.spot(start, block));
                    self.stack.last_mut()?.key = Some((text, spot));
                    return Some(());
                }
                let spot = self.begin(start);
                if let Some(spot) = spot {
                    self.spots[spot].leaf = Some(Leaf { end, scalar: true });
                }
                let empty = plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
                self.put(spot, if empty { DraftValue::Empty } else { DraftValue::Scalar(text) })
            }
            Event::SequenceStart(style, ..) => self.open(start, style, false),
            Event::MappingStart(style, ..) => self.open(start, style, true),
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.stack.pop()?;
                if let (None, Some(spot)) = (open.block, open.spot) {
                    self.spots[spot].leaf = Some(Leaf { end, scalar: false });
                }
                let group = Draft { block: open.block, ..open.group };
                self.put(
                    open.spot,
                    if open.map { DraftValue::Map(group) } else { DraftValue::List(group) },
                )
            }
            _ => Some(()),
        }
    }

    /// The spot of a value that begins: that of its key, or one of its own for an item.
    fn begin(&mut self, start: usize) -> Option<usize> {
        let open = self.stack.last()?;
        if open.map {
            return open.key.as_ref()?.1;
        }
        let block = open.block?;
        let (from, first) = (open.start, open.group.entries.is_empty());
        let dash = if first { from } else { self.dash(start, self.blocks[block].column) };
        Some(self.spot(dash, block))
    }

    /// The dash before the item that begins at a byte.
    fn dash(&self, start: usize, column: usize) -> usize {
        // It stands behind what was read before.
        let last = self.spots.last().map_or(0, |spot| spot.start);
        let mut line = self.line(start);
        loop {
            if self.text.as_bytes().get(line + column) == Some(&b'-') && line + column <= start {
                return line + column;
            }
            if line <= last {
                return start;
            }
            line = self.line(line - 1);
        }
    }

    /// Where the line of a byte begins.
    fn line(&self, at: usize) -> usize {
        self.text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
    }

    fn spot(&mut self, start: usize, group: usize) -> usize {
        let column = start - self.line(start);
        let spot = Spot { start, column, group, leaf: None, above: Vec::new(), behind: None };
        self.spots.push(spot);
        self.spots.len() - 1
    }

    fn open(&mut self, start: usize, style: StructureStyle, map: bool) -> Option<()> {
        let spot = self.begin(start);
        let block = matches!(style, StructureStyle::Block).then(|| {
            let column = start - self.line(start);
            self.blocks.push(Block { within: spot, column, end: Vec::new() });
            self.blocks.len() - 1
        });
        self.stack.push(Open { map, block, start, spot, group: Draft::default(), key: None });
        Some(())
    }

    fn put(&mut self, spot: Option<usize>, value: DraftValue) -> Option<()> {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(value);
            return Some(());
        };
        let key = if open.map { open.key.take()?.0 } else { String::new() };
        open.group.entries.push((spot, key, value));
        Some(())
    }

    /// Gives each comment to the spot or the block that it belongs to; gives back those above
    /// everything.
    fn attach(&mut self, comments: Vec<Comment>) -> Vec<(usize, String)> {
        let mut header = Vec::new();
        for Comment { start, text } in comments {
            let next = self.spots.partition_point(|spot| spot.start < start);
            let Some(last) = next.checked_sub(1) else {
                header.push((start, text));
                continue;
            };
            let line = self.line(start);
            let column = start - line;
            let alone = self.text[line..start].trim().is_empty();
            let next = self.spots.get(next).map(|spot| (spot.column, spot.group));
            let spot = &mut self.spots[last];
            let leaf = spot.leaf.as_ref();
            let inside = leaf.is_some_and(|leaf| start < leaf.end);
            let at_scalar = leaf.is_some_and(|leaf| leaf.scalar);
            if !alone && spot.behind.is_none() && (!inside || at_scalar) {
                spot.behind = Some(text);
            } else if !alone || inside {
                spot.above.push((start, text));
            } else if let Some(block) = self.closed(last, next, column) {
                self.blocks[block].end.push((start, text));
            } else {
                self.spots[last + 1].above.push((start, text));
            }
        }
        header
    }

    /// The block at whose end a comment stands: the innermost that ends before what is next and
    /// that the comment is not to the left of.
    fn closed(&self, last: usize, next: Option<(usize, usize)>, column: usize) -> Option<usize> {
        let mut block = self.spots[last].group;
        // What is next may lie in the value of the last: then nothing ended.
        let opens = |group: usize| self.blocks[group].within == Some(last);
        if next.is_some_and(|(left, group)| column <= left || opens(group)) {
            return None;
        }
        loop {
            if next.is_some_and(|(_, group)| group == block) {
                return None;
            }
            let outer = self.blocks[block].within;
            if self.blocks[block].column <= column || (next.is_none() && outer.is_none()) {
                return Some(block);
            }
            block = self.spots[outer?].group;
        }
    }
}

/// The comments with an empty one for each blank line between two.
fn spaced(text: &str, comments: Vec<(usize, String)>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut end = None;
    for (start, comment) in comments {
        let gap = end.and_then(|end| text.get(end..start));
        if gap.is_some_and(|gap: &str| {
            gap.trim().is_empty() && gap.matches('\n').count() > 1 && !out.is_empty()
        }) {
            out.push(String::new());
        }
        end = Some(start + comment.len());
        out.push(comment);
    }
    out
}

fn finish(value: DraftValue, text: &str, spots: &mut [Spot], blocks: &mut [Block]) -> Value {
    let (map, draft) = match value {
        DraftValue::Scalar(text) => {
            return Value::Scalar { text, style: Style::Text, comments: Vec::new() };
        }
        DraftValue::Empty => return Value::Empty,
        DraftValue::List(draft) => (false, draft),
        DraftValue::Map(draft) => (true, draft),
    };
    let end = draft.block.map(|block| std::mem::take(&mut blocks[block].end)).unwrap_or_default();
    let mut group = Group { entries: Vec::new(), end: spaced(text, end) };
    for (spot, key, value) in draft.entries {
        // A value in brackets has the spot of what it stands in.
        let spot = spot.filter(|_| draft.block.is_some()).map(|spot| &mut spots[spot]);
        let (above, behind) = spot.map_or((Vec::new(), None), |spot| {
            (std::mem::take(&mut spot.above), spot.behind.take())
        });
        let above = spaced(text, above);
        let value = finish(value, text, spots, blocks);
        group.entries.push(Entry { above, behind, key, value });
    }
    if map { Value::Map(group) } else { Value::List(group) }
}
