//! Curves in a terminal: braille, or plain ASCII.

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Style};
use ratatui_core::symbols::Marker;
use ratatui_core::widgets::Widget;
use ratatui_widgets::chart::{Axis, Chart, Dataset, GraphType};

/// How a plot is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink {
    pub color: bool,
    /// Braille and lines; else ASCII only.
    pub unicode: bool,
}

/// One curve, or a level across the whole plot.
pub(super) struct Line {
    pub points: Vec<(f64, f64)>,
    pub color: Color,
    /// What draws it in ASCII.
    pub letter: char,
}

pub(super) struct Plot {
    pub lines: Vec<Line>,
    /// Largest value of the vertical axis.
    pub top: f64,
    /// First and last value of the horizontal axis.
    pub ends: [f64; 2],
    /// Bottom to top.
    pub y_labels: Vec<String>,
    /// Left to right.
    pub x_labels: Vec<String>,
}

impl Plot {
    /// As text of `height` lines, none wider than `width`.
    pub(super) fn draw(&self, width: u16, height: u16, ink: Ink) -> String {
        let datasets = self.lines.iter().map(|line| {
            let marker = if ink.unicode {
                Marker::Braille
            } else {
                Marker::Custom(line.letter)
            };
            Dataset::default()
                .marker(marker)
                .graph_type(GraphType::Line)
                .style(Style::new().fg(line.color))
                .data(&line.points)
        });
        let chart = Chart::new(datasets.collect())
            .legend_position(None)
            .x_axis(
                Axis::default()
                    .bounds(self.ends)
                    .labels(self.x_labels.clone()),
            )
            .y_axis(
                Axis::default()
                    .bounds([0.0, self.top])
                    .labels(self.y_labels.clone()),
            );
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        chart.render(area, &mut buffer);
        (0..height).map(|y| row(&buffer, y, width, ink)).collect()
    }
}

/// One line of the buffer, without trailing blanks.
fn row(buffer: &Buffer, y: u16, width: u16, ink: Ink) -> String {
    let cells: Vec<&Cell> = (0..width).map(|x| &buffer[(x, y)]).collect();
    let used = cells
        .iter()
        .rposition(|cell| cell.symbol() != " ")
        .map_or(0, |last| last + 1);
    let mut line = String::new();
    for cell in &cells[..used] {
        let symbol = if ink.unicode {
            cell.symbol()
        } else {
            ascii(cell.symbol())
        };
        line.push_str(&ink.paint(cell.fg, symbol));
    }
    line.push('\n');
    line
}

fn ascii(symbol: &str) -> &str {
    match symbol {
        "│" => "|",
        "─" => "-",
        "└" => "+",
        other if other.is_ascii() => other,
        _ => "*",
    }
}

impl Ink {
    /// `text` in this colour, where colours are wanted.
    pub(super) fn paint(self, color: Color, text: &str) -> String {
        match paint(color) {
            Some(color) if self.color => {
                let style = anstyle::Style::new().fg_color(Some(color.into()));
                format!("{style}{text}{style:#}")
            }
            _ => text.to_owned(),
        }
    }
}

fn paint(color: Color) -> Option<anstyle::AnsiColor> {
    match color {
        Color::Cyan => Some(anstyle::AnsiColor::Cyan),
        Color::Yellow => Some(anstyle::AnsiColor::Yellow),
        Color::Green => Some(anstyle::AnsiColor::Green),
        Color::Red => Some(anstyle::AnsiColor::Red),
        Color::Magenta => Some(anstyle::AnsiColor::Magenta),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        Plot {
            lines: vec![Line {
                points: vec![(0.0, 0.0), (10.0, 1.0)],
                color: Color::Cyan,
                letter: '*',
            }],
            top: 1.0,
            ends: [0.0, 10.0],
            y_labels: vec!["0".to_owned(), "1".to_owned()],
            x_labels: vec!["Mon".to_owned(), "Sun".to_owned()],
        }
    }

    #[test]
    fn ascii_is_ascii_and_fits() {
        let ink = Ink {
            color: false,
            unicode: false,
        };
        let drawn = plot().draw(30, 6, ink);
        assert!(drawn.is_ascii(), "{drawn}");
        assert_eq!(drawn.lines().count(), 6);
        assert!(drawn.lines().all(|line| line.len() <= 30), "{drawn}");
        assert!(drawn.contains('*') && drawn.contains("Mon"), "{drawn}");
    }

    #[test]
    fn colour_only_when_asked_for() {
        let braille = plot().draw(
            30,
            6,
            Ink {
                color: false,
                unicode: true,
            },
        );
        assert!(!braille.contains('\x1b') && !braille.is_ascii());
        assert!(
            plot()
                .draw(
                    30,
                    6,
                    Ink {
                        color: true,
                        unicode: true
                    }
                )
                .contains("\x1b[36m")
        );
    }
}
