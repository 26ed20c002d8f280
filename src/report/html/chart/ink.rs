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
    const fn shades(self) -> [u32; 2] {
        match self {
            Self::Text => [0x24_29_2F, 0xC9_D1_D9],
            Self::Grid => [0xD8_DE_E4, 0x30_36_3D],
            Self::Grey => [0x6E_77_81, 0x8B_94_9E],
            Self::Blue => [0x1F_6F_EB, 0x58_A6_FF],
            Self::Teal => [0x0E_7C_86, 0x39_C5_CF],
            Self::Green => [0x1A_7F_37, 0x56_D3_64],
            Self::Orange => [0xC2_57_0C, 0xF0_88_3E],
            Self::Purple => [0x82_50_DF, 0xBC_8C_FF],
            Self::Red => [0xCF_22_2E, 0xFF_7B_72],
        }
    }

    pub(super) const fn rgb(self) -> RGBColor {
        let [_, r, g, b] = self.shades()[0].to_be_bytes();
        RGBColor(r, g, b)
    }
}

/// The rules that colour keys, and charts on a dark page.
pub(in crate::report::html) fn rules() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for ink in Ink::ALL {
        let [day, night] = ink.shades();
        let class = ink.class();
        let _infallible = writeln!(light, ".{class}{{background:#{day:06X}}}");
        let _infallible = writeln!(
            dark,
            ".{class}{{background:#{night:06X}}}svg [fill=\"#{day:06X}\"]{{fill:#{night:06X}}}\
             svg [stroke=\"#{day:06X}\"]{{stroke:#{night:06X}}}"
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
            let mut shades = Ink::ALL.map(|ink| ink.shades()[of]).to_vec();
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
