//! What accelerators are: memory, power, speed, and the slices they can be cut into.

use crate::units::Bytes;

/// A product.
#[derive(Debug, PartialEq)]
pub struct Card {
    /// What its name has in it, as vendors, clouds and price lists write it.
    pub name: &'static str,
    /// Memory in GB as it is sold.
    pub gigabytes: f64,
    /// The most power that it draws, in watts.
    pub watts: f64,
    /// Dense 16-bit floating point, in teraflops.
    pub teraflops: f64,
    /// Memory bandwidth in GB a second.
    pub bandwidth: f64,
    /// The slices of it; `None` where it cannot be cut.
    pub layout: Option<&'static Layout>,
}

/// The MIG slices of a product, the smallest first.
#[derive(Debug, PartialEq)]
pub struct Layout {
    /// Slices of compute that the device has.
    pub slices: u32,
    pub profiles: &'static [Profile],
}

/// One MIG profile.
#[derive(Debug, PartialEq)]
pub struct Profile {
    pub name: &'static str,
    pub compute: u32,
    pub gigabytes: u32,
    /// Slices of memory of eight that it takes, which is what it keeps from others.
    pub memory: u32,
}

const fn profile(name: &'static str, compute: u32, gigabytes: u32, memory: u32) -> Profile {
    Profile {
        name,
        compute,
        gigabytes,
        memory,
    }
}

macro_rules! layout {
    ($($name:literal: $compute:literal, $gigabytes:literal, $memory:literal);+) => {
        Layout { slices: 7, profiles: &[$(profile($name, $compute, $gigabytes, $memory)),+] }
    };
}

// Source: mig-parted, `deployments/*.yaml`.
static A30: Layout = Layout {
    slices: 4,
    profiles: &[
        profile("1g.6gb", 1, 6, 2),
        profile("2g.12gb", 2, 12, 4),
        profile("4g.24gb", 4, 24, 8),
    ],
};
static A100_40: Layout = layout!("1g.5gb": 1, 5, 1; "1g.10gb": 1, 10, 2; "2g.10gb": 2, 10, 2;
    "3g.20gb": 3, 20, 4; "4g.20gb": 4, 20, 4; "7g.40gb": 7, 40, 8);
static OF_80: Layout = layout!("1g.10gb": 1, 10, 1; "1g.20gb": 1, 20, 2; "2g.20gb": 2, 20, 2;
    "3g.40gb": 3, 40, 4; "4g.40gb": 4, 40, 4; "7g.80gb": 7, 80, 8);
static H100_94: Layout = layout!("1g.12gb": 1, 12, 1; "1g.24gb": 1, 24, 2; "2g.24gb": 2, 24, 2;
    "3g.47gb": 3, 47, 4; "4g.47gb": 4, 47, 4; "7g.94gb": 7, 94, 8);
static GH200: Layout = layout!("1g.12gb": 1, 12, 1; "1g.24gb": 1, 24, 2; "2g.24gb": 2, 24, 2;
    "3g.48gb": 3, 48, 4; "4g.48gb": 4, 48, 4; "7g.96gb": 7, 96, 8);
static H200: Layout = layout!("1g.18gb": 1, 18, 1; "1g.35gb": 1, 35, 2; "2g.35gb": 2, 35, 2;
    "3g.71gb": 3, 71, 4; "4g.71gb": 4, 71, 4; "7g.141gb": 7, 141, 8);
static B200: Layout = layout!("1g.23gb": 1, 23, 1; "1g.45gb": 1, 45, 2; "2g.45gb": 2, 45, 2;
    "3g.90gb": 3, 90, 4; "4g.90gb": 4, 90, 4; "7g.180gb": 7, 180, 8);
static GB200: Layout = layout!("1g.23gb": 1, 23, 1; "1g.47gb": 1, 47, 2; "2g.47gb": 2, 47, 2;
    "3g.93gb": 3, 93, 4; "4g.93gb": 4, 93, 4; "7g.186gb": 7, 186, 8);
static B300: Layout = layout!("1g.34gb": 1, 34, 1; "1g.67gb": 1, 67, 2; "2g.67gb": 2, 67, 2;
    "3g.135gb": 3, 135, 4; "4g.135gb": 4, 135, 4; "7g.269gb": 7, 269, 8);

const fn card(
    name: &'static str,
    gigabytes: f64,
    watts: f64,
    (teraflops, bandwidth): (f64, f64),
    layout: Option<&'static Layout>,
) -> Card {
    Card {
        name,
        gigabytes,
        watts,
        teraflops,
        bandwidth,
        layout,
    }
}

/// Every product that is known; of those whose name fits, the first whose memory does.
///
/// Source: the vendors' data sheets, of the form that clouds rent (SXM where there is one).
static CARDS: &[Card] = &[
    card("GB300", 279.0, 1_400.0, (2_500.0, 8_000.0), Some(&B300)),
    card("GB200", 186.0, 1_200.0, (2_500.0, 8_000.0), Some(&GB200)),
    card("GH200", 96.0, 900.0, (989.0, 4_000.0), Some(&GH200)),
    card("B300", 269.0, 1_100.0, (2_250.0, 8_000.0), Some(&B300)),
    card("B200", 180.0, 1_000.0, (2_250.0, 8_000.0), Some(&B200)),
    card("H200", 141.0, 700.0, (989.0, 4_800.0), Some(&H200)),
    card("H100-NVL", 94.0, 400.0, (835.0, 3_900.0), Some(&H100_94)),
    card("H100-PCIE", 80.0, 350.0, (756.0, 2_000.0), Some(&OF_80)),
    card("H100", 80.0, 700.0, (989.0, 3_350.0), Some(&OF_80)),
    card(
        "A100-PCIE-40",
        40.0,
        250.0,
        (312.0, 1_555.0),
        Some(&A100_40),
    ),
    card(
        "A100-SXM4-40",
        40.0,
        400.0,
        (312.0, 1_555.0),
        Some(&A100_40),
    ),
    card("A100-40", 40.0, 400.0, (312.0, 1_555.0), Some(&A100_40)),
    card("A100", 80.0, 400.0, (312.0, 2_039.0), Some(&OF_80)),
    card("A30", 24.0, 165.0, (165.0, 933.0), Some(&A30)),
    card("A40", 48.0, 300.0, (150.0, 696.0), None),
    card("A10G", 24.0, 300.0, (70.0, 600.0), None),
    card("A10", 24.0, 150.0, (125.0, 600.0), None),
    card("L40S", 48.0, 350.0, (362.0, 864.0), None),
    card("L40", 48.0, 300.0, (181.0, 864.0), None),
    card("L4", 24.0, 72.0, (121.0, 300.0), None),
    card("T4", 16.0, 70.0, (65.0, 320.0), None),
    card("V100", 16.0, 300.0, (125.0, 900.0), None),
    card("P100", 16.0, 250.0, (19.0, 732.0), None),
    card("MI300X", 192.0, 750.0, (1_307.0, 5_300.0), None),
    card("MI325X", 256.0, 1_000.0, (1_307.0, 6_000.0), None),
];

impl Card {
    /// The product that a node's label, an exporter or a price list names.
    pub fn of(product: &str) -> Option<&'static Self> {
        let name: String = product
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .collect::<String>()
            .to_ascii_uppercase();
        let words: Vec<&str> = name.split('-').collect();
        let fits = |card: &&Self| {
            let mut own = card.name.split('-');
            let first = own.next().unwrap_or_default();
            let is_word = words.contains(&first);
            // `A100-SXM4-40GB`: the rest stands somewhere behind.
            is_word && own.all(|part| words.iter().any(|word| word.starts_with(part)))
        };
        CARDS.iter().find(fits)
    }

    /// All that are known.
    pub fn all() -> &'static [Self] {
        CARDS
    }

    /// What can be used of its memory, about.
    pub fn memory(&self) -> Bytes {
        Bytes::from_f64(self.gigabytes * 0.95 * f64::from(1 << 30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_by_whatever_names_them() {
        for (text, name) in [
            ("NVIDIA-H100-80GB-HBM3", "H100"),
            ("NVIDIA H100 80GB HBM3", "H100"),
            ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "H100"),
            ("NVIDIA-H100-NVL", "H100-NVL"),
            ("NVIDIA-A100-SXM4-40GB", "A100-SXM4-40"),
            ("NVIDIA-A100-SXM4-80GB", "A100"),
            ("NVIDIA H200", "H200"),
            ("NVIDIA-A10G", "A10G"),
            ("NVIDIA-A10G-SHARED", "A10G"),
            ("Tesla T4", "T4"),
            ("nvidia-l4", "L4"),
            ("h100", "H100"),
            ("NVIDIA-L40S", "L40S"),
        ] {
            assert_eq!(Card::of(text).map(|it| it.name), Some(name), "{text}");
        }
        assert_eq!(Card::of("tpu-v6e-slice"), None);
    }

    #[test]
    fn slices_of_every_layout_fit_into_it() {
        for card in CARDS {
            for it in card.layout.iter().flat_map(|it| it.profiles) {
                assert!(
                    it.name
                        .starts_with(&format!("{}g.{}gb", it.compute, it.gigabytes))
                );
                assert!(it.memory <= 8 && f64::from(it.gigabytes) <= card.gigabytes + 20.0);
            }
        }
    }
}
