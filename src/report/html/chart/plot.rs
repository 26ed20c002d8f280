use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{Shift, cartesian::Cartesian2d},
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    element::{Circle, PathElement, Rectangle, Text},
    prelude::{IntoFont, SVGBackend},
    series::{DashedLineSeries, LineSeries},
    style::{
        Color, ShapeStyle, TRANSPARENT, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Axis, Ink, thin::thinned};

/// Pixels of a chart before the page scales it.
const SIZE: (u32, u32) = (560, 210);

/// Pixels left and below the plot for the labels.
const LABELS: (u32, u32) = (64, 24);

/// Pixels above the plot, for the name of a band.
const ABOVE: u32 = 14;

/// Pixels right of the plot, for half of the last label: `1:00:00`.
const BESIDE: u32 = 20;

/// Pixels that a letter of a band's name takes.
const LETTER: f64 = 6.0;

/// Points of a line that are drawn: two for every three pixels.
const MOST_POINTS: usize = 320;

/// What there is to draw.
#[derive(Debug, Clone)]
pub(in crate::report::html) struct Plot {
    pub(in crate::report::html) title: String,
    pub(in crate::report::html) x: Axis,
    pub(in crate::report::html) y: Axis,
    pub(in crate::report::html) bands: Vec<Band>,
    pub(in crate::report::html) marks: Vec<Mark>,
    pub(in crate::report::html) cells: Vec<Cell>,
    pub(in crate::report::html) lines: Vec<Line>,
}

/// A stretch of the horizontal axis, such as a phase.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::html) struct Band {
    pub(in crate::report::html) from: f64,
    pub(in crate::report::html) to: f64,
    pub(in crate::report::html) name: String,
    /// Grey for a phase; a fault has a colour.
    pub(in crate::report::html) ink: Ink,
}

/// A place on the horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::html) struct Mark {
    pub(in crate::report::html) at: f64,
    pub(in crate::report::html) label: String,
    pub(in crate::report::html) side: Side,
    pub(in crate::report::html) ink: Ink,
}

/// Where the name of a mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report::html) enum Side {
    /// It ends at the mark.
    Before,
    /// Its middle is at the mark.
    Over,
    /// It begins at the mark.
    After,
}

/// A rectangle of a heatmap.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::html) struct Cell {
    pub(in crate::report::html) x: (f64, f64),
    pub(in crate::report::html) y: (f64, f64),
    pub(in crate::report::html) ink: Ink,
    /// From 0, not to be seen, to 1.
    pub(in crate::report::html) weight: f64,
}

/// A line, which may have gaps: each segment is drawn by itself.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::html) struct Line {
    pub(in crate::report::html) label: String,
    pub(in crate::report::html) ink: Ink,
    pub(in crate::report::html) stroke: Stroke,
    pub(in crate::report::html) segments: Vec<Vec<(f64, f64)>>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report::html) enum Stroke {
    Solid,
    /// With a dot at each point, for few points that are far apart.
    Dotted,
    /// For what was wanted rather than seen.
    Dashed,
}

/// A chart in its finished form.
#[derive(Debug, Clone)]
pub(in crate::report::html) struct Chart {
    pub(in crate::report::html) title: String,
    /// The class of the colour, and the name.
    pub(in crate::report::html) keys: Vec<(&'static str, String)>,
    /// The picture, or why there is none.
    pub(in crate::report::html) picture: Result<String, String>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Field<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

impl Chart {
    /// A chart that cannot be drawn, with the reason as a sentence.
    pub(in crate::report::html) fn without(title: &str, reason: &str) -> Self {
        Self { title: title.to_owned(), keys: Vec::new(), picture: Err(reason.to_owned()) }
    }
}

impl Line {
    /// One without gaps.
    pub(in crate::report::html) fn new(label: &str, ink: Ink, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.to_owned(), ink, stroke: Stroke::Solid, segments: vec![points] }
    }

    fn is_empty(&self) -> bool {
        self.segments.iter().all(Vec::is_empty)
    }
}

impl Plot {
    /// The chart; without a point to draw there is the sentence `nothing`.
    pub(in crate::report::html) fn draw(mut self, nothing: &str) -> Chart {
        for segment in self.lines.iter_mut().flat_map(|line| &mut line.segments) {
            segment.retain(|(at, _)| self.x.has(*at));
        }
        self.lines.retain(|line| !line.is_empty());
        // What was only wanted is no measurement.
        if self.cells.is_empty() && self.lines.iter().all(|line| line.stroke == Stroke::Dashed) {
            return Chart::without(&self.title, nothing);
        }
        let mut svg = String::new();
        let drawn = self.on(&SVGBackend::with_string(&mut svg, SIZE).into_drawing_area());
        let picture = drawn.map_err(|error| format!("This chart could not be drawn: {error}"));
        let keys = self.lines.into_iter().map(|line| (line.ink.class(), line.label)).collect();
        Chart { title: self.title, keys, picture: picture.map(|()| light(&svg)) }
    }

    fn on(&self, area: &Area<'_>) -> Drawn {
        let mut field = ChartBuilder::on(area)
            .margin_top(ABOVE)
            .margin_right(BESIDE)
            .x_label_area_size(LABELS.1)
            .y_label_area_size(LABELS.0)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        for (n, band) in self.bands.iter().enumerate() {
            self.band(&mut field, area, band, n)?;
        }
        field
            .configure_mesh()
            .axis_style(Ink::Grey.rgb())
            .bold_line_style(Ink::Grid.rgb())
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 12).into_font().color(&Ink::Text.rgb()))
            .x_labels(self.x.ticks.len())
            .y_labels(self.y.ticks.len())
            .draw()?;
        for cell in &self.cells {
            let style = ShapeStyle::from(cell.ink.rgb().mix(cell.weight)).filled();
            let corners = [(cell.x.0, cell.y.0), (cell.x.1, cell.y.1)];
            field.draw_series([Rectangle::new(corners, style)])?;
        }
        for line in &self.lines {
            self.line(&mut field, line)?;
        }
        for mark in &self.marks {
            self.mark(&mut field, area, mark)?;
        }
        area.present()
    }

    fn band(&self, field: &mut Field<'_>, area: &Area<'_>, band: &Band, n: usize) -> Drawn {
        // Neighbours are told apart.
        let shade = match band.ink {
            Ink::Grey => 0.06 + 0.08 * (n % 2) as f64,
            _ => 0.2,
        };
        let style = ShapeStyle::from(band.ink.rgb().mix(shade)).filled();
        let corners = [(band.from, self.y.from), (band.to, self.y.to)];
        field.draw_series([Rectangle::new(corners, style)])?;
        let room = (self.pixel(band.to) - self.pixel(band.from)) / LETTER;
        let at = f64::midpoint(self.pixel(band.from), self.pixel(band.to));
        name(area, &band.name, room, (at, Side::Over), band.ink)
    }

    fn mark(&self, field: &mut Field<'_>, area: &Area<'_>, mark: &Mark) -> Drawn {
        let ends = vec![(mark.at, self.y.from), (mark.at, self.y.to)];
        field.draw_series([PathElement::new(ends, mark.ink.rgb().stroke_width(2))])?;
        name(area, &mark.label, f64::INFINITY, (self.pixel(mark.at), mark.side), mark.ink)
    }

    fn line(&self, field: &mut Field<'_>, line: &Line) -> Drawn {
        let style = line.ink.rgb().stroke_width(2);
        for segment in &line.segments {
            let points = thinned(segment, MOST_POINTS);
            match line.stroke {
                Stroke::Dashed => {
                    field.draw_series(DashedLineSeries::new(points, 6, 4, style))?;
                }
                Stroke::Solid if points.len() > 1 => {
                    field.draw_series(LineSeries::new(points, style))?;
                }
                // A line of one point would not be seen.
                Stroke::Solid | Stroke::Dotted => {
                    let dot = |at: &(f64, f64)| Circle::new(*at, 3, style.filled());
                    field.draw_series(points.iter().map(dot))?;
                    field.draw_series(LineSeries::new(points, style))?;
                }
            }
        }
        Ok(())
    }

    /// Pixels from the left edge of the picture.
    fn pixel(&self, at: f64) -> f64 {
        let width = f64::from(SIZE.0 - LABELS.0 - BESIDE);
        f64::from(LABELS.0) + width * self.x.share(at)
    }
}

/// The picture without what each of its elements says again: defaults of SVG, and the font, which the style sheet has.
fn light(svg: &str) -> String {
    let said = [" opacity=\"1\"", " stroke-width=\"1\"", " font-family=\"sans-serif\"", " stroke=\"none\""];
    said.iter().fold(svg.to_owned(), |svg, attribute| svg.replace(attribute, ""))
}

/// The name of a band or a mark above the plot, as much of it as there is room for.
fn name(area: &Area<'_>, text: &str, room: f64, (at, side): (f64, Side), ink: Ink) -> Drawn {
    let length = text.chars().count() as f64;
    let shown = match room {
        room if length <= room => text.to_owned(),
        room if room >= 10.0 => format!("{}…", text.chars().take(room as usize - 1).collect::<String>()),
        _ => return Ok(()),
    };
    let length = shown.chars().count() as f64 * LETTER;
    let (before, anchor) = match side {
        Side::Before => (length, HPos::Right),
        Side::Over => (length / 2.0, HPos::Center),
        Side::After => (0.0, HPos::Left),
    };
    let width = f64::from(SIZE.0);
    let at = at.clamp(before.min(width), (width - (length - before)).max(before.min(width)));
    let colour = ink.rgb();
    let style = TextStyle::from(("sans-serif", 11).into_font()).color(&colour);
    area.draw(&Text::new(shown, (at as i32, 2), style.pos(Pos::new(anchor, VPos::Top))))
}
