//! What a runtime takes of the memory limit by itself.

use k8s_openapi::api::core::v1::Container;

use super::environment::Environment;
use super::heap;
use super::image::{self, Sizing};
use super::runtime::Runtime;
use crate::snapshot::{Heap, HeapPlace, HeapSetting};

/// `MaxRAMPercentage` of a JVM. Source: `globals.hpp` of OpenJDK.
const JVM: f64 = 25.0;
/// What OpenJ9 takes at least: three quarters of more than 2 GiB, all but 512 MiB of
/// more than 1 GiB. Source: `-XX:+UseContainerSupport` in the docs of OpenJ9.
const OPENJ9: f64 = 50.0;
/// Source: `HeapSizeFromPhysicalMemory` of V8 `src/heap/heap.cc`, on 64 bits.
const NODE: f64 = 50.0;
/// `GCHeapHardLimitPercent`. Source: the docs of .NET on its garbage collector.
const DOTNET: f64 = 75.0;
/// The memory calculator of buildpacks sets `-Xmx` from the limit when it starts.
const CALCULATED: [&str; 2] = ["BPL_JVM_", "/cnb/"];

/// The heap of a container in whose template nothing sizes it; `None` where no such
/// runtime is known.
pub(super) fn of(container: &Container, env: &Environment<'_>, arguments: &[&str]) -> Option<Heap> {
    let runtime = Runtime::of(container, env, arguments)?;
    let (setting, share) = match runtime {
        Runtime::Java => (HeapSetting::JavaMaxRamPercentage, JVM),
        Runtime::Node => (HeapSetting::NodeMaxOldSpace, NODE),
        Runtime::Dotnet => (HeapSetting::DotnetHeapHardLimitPercent, DOTNET),
    };
    let taken = |percent: f64| heap(setting, None, Some(percent), HeapPlace::Default);
    let unknown = |place: HeapPlace| heap(setting, None, None, place);
    let image = container.image.as_deref().unwrap_or_default();
    let is_java = runtime == Runtime::Java;
    let calculated = env.names().chain(arguments.iter().copied());
    let mut calculated =
        calculated.filter(|it| CALCULATED.iter().any(|start| it.starts_with(start)));
    Some(if is_java && calculated.next().is_some() {
        unknown(HeapPlace::Image)
    } else if container
        .env_from
        .as_ref()
        .is_some_and(|from| !from.is_empty())
    {
        unknown(HeapPlace::EnvFrom)
    } else if is_java && passes_on(env, arguments) {
        unknown(HeapPlace::Image)
    } else if is_java {
        match image::java(image) {
            Sizing::Jvm => taken(share),
            Sizing::OpenJ9 => taken(OPENJ9),
            Sizing::Script => unknown(HeapPlace::Image),
        }
    } else {
        taken(share)
    })
}

/// Whether the command takes options from a variable that the template does not have.
fn passes_on(env: &Environment<'_>, arguments: &[&str]) -> bool {
    let mut words = arguments.iter().filter_map(|word| word.split_once('$'));
    words.any(|(_, rest)| {
        let rest = rest.trim_start_matches(['{', '(']);
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        let options = ["OPT", "JVM", "JAVA", "HEAP", "XMX"];
        options.iter().any(|part| name.contains(part)) && env.find(name).is_none()
    })
}
