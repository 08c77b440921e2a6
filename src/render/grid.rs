//! Tables that fit: the least important columns go, names are cut, numbers never.

use std::borrow::Cow;
use std::io;

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::style::{DIM, PLAIN, Paint};
use crate::text::ascii;

/// Space between columns.
const GUTTER: usize = 2;

/// Space before the first column.
const INDENT: usize = 2;

/// A column of names keeps this width before others are dropped for it.
const COMFORTABLE: usize = 30;

/// A column of names is never cut below this.
const SHORTEST: usize = 8;

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    head: Cow<'static, str>,
    right: bool,
    /// Which goes first when there is no room: the largest. 0 always stays.
    drop: u8,
    cut: Cut,
}

/// How texts of a column may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Never,
    Anywhere,
    /// Where a clause ends, else between words.
    Clauses,
}

/// One text in a table.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Column {
    /// Numbers, to the right.
    pub(super) fn number(head: &'static str) -> Self {
        Self {
            head: Cow::Borrowed(head),
            right: true,
            drop: 0,
            cut: Cut::Never,
        }
    }

    /// Words, to the left.
    pub(super) fn word(head: &'static str) -> Self {
        Self {
            right: false,
            ..Self::number(head)
        }
    }

    /// Words that may be cut.
    pub(super) fn name(head: &'static str) -> Self {
        Self {
            cut: Cut::Anywhere,
            ..Self::word(head)
        }
    }

    /// With a head that is made.
    pub(super) fn titled(self, head: String) -> Self {
        Self {
            head: Cow::Owned(head),
            ..self
        }
    }

    /// Sentences, which are cut where a part of them ends.
    pub(super) fn prose(head: &'static str) -> Self {
        Self {
            cut: Cut::Clauses,
            ..Self::word(head)
        }
    }

    /// Goes when there is no room, the largest `rank` first.
    pub(super) fn drop(self, rank: u8) -> Self {
        Self { drop: rank, ..self }
    }
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::styled(text, PLAIN)
    }

    pub(super) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Writes it within `width` columns of the terminal.
    pub(super) fn write(
        mut self,
        width: Option<usize>,
        paint: Paint,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        if !paint.unicode {
            self.spell();
        }
        self.drop_empty();
        self.fit(width.unwrap_or(usize::MAX));
        let table = self.table();
        let heads = self.columns.iter();
        let heads = heads
            .map(|column| Cell::styled(column.head.as_ref(), DIM))
            .collect();
        let has_head = self.columns.iter().any(|column| !column.head.is_empty());
        let rows = has_head.then_some(&heads).into_iter().chain(&self.rows);
        for (line, cells) in table.lines().zip(rows) {
            writeln!(
                out,
                "{:INDENT$}{}",
                "",
                paint_line(line.trim_end(), cells, paint)
            )?;
        }
        Ok(())
    }

    /// With ASCII alone, before anything is measured.
    fn spell(&mut self) {
        for column in &mut self.columns {
            column.head = Cow::Owned(ascii(&column.head));
        }
        for cell in self.rows.iter_mut().flatten() {
            cell.text = ascii(&cell.text);
        }
    }

    /// A column that says nothing in any row only takes room.
    fn drop_empty(&mut self) {
        for index in (0..self.columns.len()).rev() {
            let said = self.rows.iter().any(|row| !row[index].text.is_empty());
            if !said && self.columns[index].drop > 0 {
                self.remove(index);
            }
        }
    }

    fn fit(&mut self, width: usize) {
        self.cut_names(width, COMFORTABLE);
        while self.width() > width {
            let droppable = self.columns.iter().enumerate();
            let next = droppable
                .filter(|(_, column)| column.drop > 0)
                .max_by_key(|(_, column)| column.drop);
            let Some((index, _)) = next else { break };
            self.remove(index);
            self.cut_names(width, COMFORTABLE);
        }
        self.cut_names(width, SHORTEST);
    }

    /// Cuts the widest names until the table fits or they are down to `least`.
    fn cut_names(&mut self, width: usize, least: usize) {
        let mut excess = self.width().saturating_sub(width);
        for index in 0..self.columns.len() {
            let cut = self.columns[index].cut;
            if excess == 0 || cut == Cut::Never {
                continue;
            }
            let now = self.column_width(index);
            let head = self.columns[index].head.width();
            let next = now.saturating_sub(excess).max(least.min(now)).max(head);
            for row in &mut self.rows {
                row[index].text = cut.shorten(&row[index].text, next);
            }
            excess -= (now - next).min(excess);
        }
    }

    fn remove(&mut self, index: usize) {
        self.columns.remove(index);
        for row in &mut self.rows {
            row.remove(index);
        }
    }

    fn column_width(&self, index: usize) -> usize {
        let texts = self.rows.iter().map(|row| row[index].text.width());
        let head = self.columns[index].head.width();
        texts.max().unwrap_or(0).max(head)
    }

    fn width(&self) -> usize {
        let columns = 0..self.columns.len();
        let widths: usize = columns.map(|index| self.column_width(index)).sum();
        INDENT + widths + GUTTER * self.columns.len().saturating_sub(1)
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        if self.columns.iter().any(|column| !column.head.is_empty()) {
            table.set_header(self.columns.iter().map(|column| column.head.as_ref()));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| cell.text.as_str()));
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            let Some(shown) = table.column_mut(index) else {
                continue;
            };
            let after = if index == last { 0 } else { 2 };
            shown.set_padding((0, after));
            if column.right {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// Styles each cell's text where it stands in the line; between cells are only spaces.
fn paint_line(line: &str, cells: &[Cell], paint: Paint) -> String {
    let mut painted = String::with_capacity(line.len());
    let mut rest = line;
    for cell in cells {
        let text = cell.text.trim_end();
        let Some(at) = rest.find(text).filter(|_| !text.is_empty()) else {
            continue;
        };
        painted.push_str(&rest[..at]);
        painted.push_str(&paint.on(cell.style, text));
        rest = &rest[at + text.len()..];
    }
    painted.push_str(rest);
    painted
}

impl Cut {
    /// At most `width` columns.
    fn shorten(self, text: &str, width: usize) -> String {
        match self {
            Self::Clauses if text.width() > width => clauses(text, width),
            _ => shorten(text, width),
        }
    }
}

/// The clauses that fit, or where not even the first does, its words.
fn clauses(text: &str, width: usize) -> String {
    let fits = |end: &usize| text[..*end].width() <= width;
    let mut ends = text.rmatch_indices([',', ';']).map(|(at, _)| at);
    if let Some(end) = ends.find(fits) {
        return text[..end].to_owned();
    }
    let short = shorten(text, width);
    match short.rsplit_once(' ') {
        Some((words, _)) => format!("{words}…"),
        None => short,
    }
}

/// At most `width` columns; what is cut ends in `…`.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize) -> String {
        let mut grid = Grid::new(vec![
            Column::name("NAME"),
            Column::word("WHY").drop(1),
            Column::number("COST"),
        ]);
        grid.row(vec![
            Cell::new("a-very-long-name-for-a-workload"),
            Cell::new("because"),
            Cell::new("$1.00"),
        ]);
        grid.row(vec![
            Cell::new("größe-日本"),
            Cell::new(""),
            Cell::new("$1,234.50"),
        ]);
        let mut out = Vec::new();
        grid.write(Some(width), Paint::new(false, true), &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_cut_then_columns_dropped_and_numbers_stay() {
        insta::assert_snapshot!(drawn(60), @"
        NAME                             WHY           COST
        a-very-long-name-for-a-workload  because      $1.00
        größe-日本                                $1,234.50
        ");
        insta::assert_snapshot!(drawn(40), @"
        NAME                              COST
        a-very-long-name-for-a-wor…      $1.00
        größe-日本                   $1,234.50
        ");
        insta::assert_snapshot!(drawn(24), @"
        NAME              COST
        a-very-lon…      $1.00
        größe-日本   $1,234.50
        ");
    }

    #[test]
    fn prose_is_cut_where_a_part_of_it_ends() {
        let text = "bursts to 2.1 × its median, 93% of it daily; peaks at 3 ×";
        assert_eq!(Cut::Clauses.shorten(text, 80), text);
        let two = "bursts to 2.1 × its median, 93% of it daily";
        assert_eq!(Cut::Clauses.shorten(text, 50), two);
        let one = "bursts to 2.1 × its median";
        assert_eq!(Cut::Clauses.shorten(text, 30), one);
        assert_eq!(Cut::Clauses.shorten(text, 20), "bursts to 2.1 ×…");
    }

    #[test]
    fn colour_goes_around_the_text_alone() {
        let cells = [Cell::styled("a", DIM), Cell::new("b")];
        let line = paint_line("a   b", &cells, Paint::new(true, true));
        assert_eq!(line, "\u{1b}[2ma\u{1b}[0m   b");
    }
}
