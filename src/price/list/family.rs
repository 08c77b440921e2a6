//! Types that are sold at one rate: `m6i.large` to `m6i.32xlarge`.

use super::table::{self, Entry, Provider, Region, entries, median, regions};

/// What types of one family have in common in their names: `m6i` of `m6i.2xlarge`,
/// `n2-standard` of `n2-standard-8`, `Standard_D#s_v5` of `Standard_D8s_v5`.
fn of(name: &str) -> String {
    if name.starts_with("Standard_") || name.starts_with("Basic_") {
        return azure(name);
    }
    if let Some((family, _)) = name.split_once('.') {
        return family.to_owned();
    }
    let mut parts = name.splitn(3, '-');
    match (parts.next(), parts.next()) {
        (Some(series), Some(shape)) => format!("{series}-{shape}"),
        _ => name.to_owned(),
    }
}

/// The first number is the vCPUs, a second one behind a dash those that are switched off.
fn azure(name: &str) -> String {
    let rest = name.split_once('_').map_or(name, |(_, rest)| rest);
    let digits = rest
        .find(|it: char| it.is_ascii_digit())
        .unwrap_or(rest.len());
    let (series, rest) = rest.split_at(digits);
    let more = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '-');
    format!("{series}#{more}")
}

/// What the family costs in one region over another, where the list has a type of it in both.
pub(super) fn ratio(entry: &Entry, from: &Region, to: &Region) -> Option<f64> {
    let family = of(entry.name);
    let both = |same: &dyn Fn(&Entry) -> bool| {
        let alike = entries().filter(|it| it.provider == entry.provider && same(it));
        let ratios = alike.filter_map(|it| {
            let (from, to) = (it.cell(from)?, it.cell(to)?);
            Some(to.on_demand.to_f64() / from.on_demand.to_f64())
        });
        median(&mut ratios.filter(|it| it.is_finite()).collect::<Vec<_>>())
    };
    both(&|it| of(it.name) == family).or_else(|| both(&|_| true))
}

/// USD a vCPU and hour of the family of a type that is not in the list, here or in the
/// first region that has it.
pub(super) fn rate(
    name: &str,
    place: Option<&str>,
    provider: Option<Provider>,
) -> Option<(f64, &'static Region)> {
    let family = of(name);
    let members = entries().filter(|it| provider.is_none_or(|own| own == it.provider));
    let members: Vec<&Entry> = members.filter(|it| of(it.name) == family).collect();
    let own = members.first()?.provider;
    let here = place.and_then(|place| table::region(own, place));
    let others = regions().filter(|it| it.provider == own);
    here.into_iter().chain(others).find_map(|region| {
        let rates = members.iter().filter_map(|it| {
            let vcpus = it.vcpus.filter(|it| *it > 0.0)?;
            Some(it.cell(region)?.on_demand.to_f64() / vcpus)
        });
        Some((median(&mut rates.collect::<Vec<_>>())?, region))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_one_family_have_one_name() {
        assert_eq!(of("m6i.2xlarge"), of("m6i.metal"));
        assert_eq!(of("n2-standard-8"), of("n2-standard-128"));
        assert_eq!(of("c4-standard-8-lssd"), of("c4-standard-16-lssd"));
        assert_eq!(of("Standard_D8s_v5"), of("Standard_D16s_v5"));
        assert_eq!(of("Standard_E8-4s_v5"), of("Standard_E16s_v5"));
        assert_ne!(of("Standard_D8s_v5"), of("Standard_D8s_v4"));
        assert_ne!(of("m6i.large"), of("m6id.large"));
    }
}
