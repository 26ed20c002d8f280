use std::fmt::Write as _;

use plotters::style::RGBColor;

/// A colour of a chart. SVG attributes have the one for a light page; a rule of the style sheet for each puts the other
/// in its place on a dark one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report::html) enum Ink {
    /// Axes and their labels.
    Text,
    /// Lines across the plot.
    Grid,
    /// Bands, and what is only there to compare with.
    Grey,
    Blue,
    Teal,
    Green,
    Orange,
    Purple,
    Red,
}

impl Ink {
    const ALL: [Self; 9] = [
        Self::Text,
        Self::Grid,
        Self::Grey,
        Self::Blue,
        Self::Teal,
        Self::Green,
        Self::Orange,
        Self::Purple,
        Self::Red,
    ];

    /// The class of its key in a legend.
    pub(in crate::report::html) const fn class(self) -> &'static str {
        match self {
            Self::Text => "ink-text",
            Self::Grid => "ink-grid",
            Self::Grey => "ink-grey",
            Self::Blue => "ink-blue",
            Self::Teal => "ink-teal",
            Self::Green => "ink-green",
            Self::Orange => "ink-orange",
            Self::Purple => "ink-purple",
            Self::Red => "ink-red",
        }
    }

    /// On a light and on a dark page. All light ones differ: they are what the rules go by.
    const fn shades(self) -> [RGBColor; 2] {
        match self {
            Self::Text => [RGBColor(0x24, 0x29, 0x2F), RGBColor(0xC9, 0xD1, 0xD9)],
            Self::Grid => [RGBColor(0xD8, 0xDE, 0xE4), RGBColor(0x30, 0x36, 0x3D)],
            Self::Grey => [RGBColor(0x6E, 0x77, 0x81), RGBColor(0x8B, 0x94, 0x9E)],
            Self::Blue => [RGBColor(0x1F, 0x6F, 0xEB), RGBColor(0x58, 0xA6, 0xFF)],
            Self::Teal => [RGBColor(0x0E, 0x7C, 0x86), RGBColor(0x39, 0xC5, 0xCF)],
            Self::Green => [RGBColor(0x1A, 0x7F, 0x37), RGBColor(0x56, 0xD3, 0x64)],
            Self::Orange => [RGBColor(0xC2, 0x57, 0x0C), RGBColor(0xF0, 0x88, 0x3E)],
            Self::Purple => [RGBColor(0x82, 0x50, 0xDF), RGBColor(0xBC, 0x8C, 0xFF)],
            Self::Red => [RGBColor(0xCF, 0x22, 0x2E), RGBColor(0xFF, 0x7B, 0x72)],
        }
    }

    /// The value of an attribute of a picture.
    pub(in crate::report::html) fn hex(self) -> String {
        let RGBColor(r, g, b) = self.rgb();
        format!("#{r:02X}{g:02X}{b:02X}")
    }

    pub(super) const fn rgb(self) -> RGBColor {
        self.shades()[0]
    }
}

/// The rules that colour keys, and charts on a dark page.
pub(in crate::report::html) fn rules() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for ink in Ink::ALL {
        let [day, night] = ink.shades().map(|RGBColor(r, g, b)| format!("#{r:02X}{g:02X}{b:02X}"));
        let class = ink.class();
        let _infallible = writeln!(light, ".{class}{{background:{day}}}");
        let _infallible = writeln!(
            dark,
            ".{class}{{background:{night}}}svg [fill=\"{day}\"]{{fill:{night}}}\
             svg [stroke=\"{day}\"]{{stroke:{night}}}"
        );
    }
    // Paper is light.
    format!("{light}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_colours_are_the_same() {
        for of in [0, 1] {
            let mut shades = Ink::ALL.map(|ink| ink.shades()[of]).map(|RGBColor(r, g, b)| (r, g, b)).to_vec();
            shades.sort_unstable();
            shades.dedup();
            assert_eq!(shades.len(), Ink::ALL.len());
        }
    }

    #[test]
    fn every_colour_has_its_rules() {
        let rules = rules();
        assert!(rules.contains(".ink-blue{background:#1F6FEB}"), "{rules}");
        assert!(rules.contains("svg [stroke=\"#1F6FEB\"]{stroke:#58A6FF}"), "{rules}");
        assert_eq!(rules.matches("svg [fill=").count(), Ink::ALL.len());
    }
}
