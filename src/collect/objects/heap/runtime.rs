//! Which runtime a container starts, by all that its template says.

use std::ffi::OsStr;
use std::path::Path;

use k8s_openapi::api::core::v1::{Container, Probe};

use super::environment::Environment;
use super::image;

/// A runtime that takes a share of the memory limit as its heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    Java,
    Node,
    Dotnet,
}

/// What starts a runtime.
const PROGRAMS: [(&str, Runtime); 16] = [
    ("java", Runtime::Java),
    ("catalina.sh", Runtime::Java),
    ("run-java.sh", Runtime::Java),
    ("node", Runtime::Node),
    ("nodejs", Runtime::Node),
    ("npm", Runtime::Node),
    ("npx", Runtime::Node),
    ("yarn", Runtime::Node),
    ("pnpm", Runtime::Node),
    ("pm2", Runtime::Node),
    ("pm2-runtime", Runtime::Node),
    ("ts-node", Runtime::Node),
    ("tsx", Runtime::Node),
    ("next", Runtime::Node),
    ("nest", Runtime::Node),
    ("dotnet", Runtime::Dotnet),
];
/// What stands before a program without being one, or ends a command of a shell.
const BEFORE: [&str; 12] = [
    "exec",
    "-c",
    "-ec",
    "-lc",
    "-xc",
    "-exc",
    "&&",
    ";",
    "--",
    "tini",
    "dumb-init",
    "env",
];
/// How names of variables of a runtime and of its frameworks begin.
const PREFIXES: [(&str, Runtime); 17] = [
    ("JAVA_", Runtime::Java),
    ("_JAVA_", Runtime::Java),
    ("JDK_JAVA_", Runtime::Java),
    ("JVM_", Runtime::Java),
    ("CATALINA_", Runtime::Java),
    ("SPRING_", Runtime::Java),
    ("QUARKUS_", Runtime::Java),
    ("MICRONAUT_", Runtime::Java),
    ("BPL_JVM_", Runtime::Java),
    ("NODE_ENV", Runtime::Node),
    ("NODE_OPTIONS", Runtime::Node),
    ("NPM_CONFIG_", Runtime::Node),
    ("npm_config_", Runtime::Node),
    ("ASPNETCORE_", Runtime::Dotnet),
    ("DOTNET_", Runtime::Dotnet),
    ("COMPlus_", Runtime::Dotnet),
    ("CORECLR_", Runtime::Dotnet),
];
/// Where Spring Boot says how it is.
const SPRING_HEALTH: &str = "/actuator/";

impl Runtime {
    /// What is started goes before what the image is called, and that before
    /// variables, which others may have put there.
    pub(super) fn of(
        container: &Container,
        env: &Environment<'_>,
        arguments: &[&str],
    ) -> Option<Self> {
        let image = container.image.as_deref().unwrap_or_default();
        started(arguments)
            .or_else(|| image::runtime(image))
            .or_else(|| probed(container))
            .or_else(|| named(env))
    }
}

/// By the program, or what only this runtime takes.
fn started(arguments: &[&str]) -> Option<Runtime> {
    let programs = arguments.iter().enumerate().filter_map(|(index, word)| {
        let starts = match index
            .checked_sub(1)
            .and_then(|before| arguments.get(before))
        {
            None => true,
            Some(before) => BEFORE.contains(&base(before)) || before.ends_with(';'),
        };
        let known = PROGRAMS.iter().find(|(program, _)| *program == base(word));
        known.filter(|_| starts).map(|(_, runtime)| *runtime)
    });
    let told = arguments.iter().enumerate().filter_map(|(index, word)| {
        let ending = Path::new(word).extension().and_then(OsStr::to_str);
        match ending {
            _ if *word == "-jar" || word.starts_with("-XX:") => Some(Runtime::Java),
            Some("jar") => Some(Runtime::Java),
            Some("dll") => Some(Runtime::Dotnet),
            // Other programs take scripts as well, but not as all that they are told.
            Some("js" | "mjs" | "cjs") if index == 0 => Some(Runtime::Node),
            _ => None,
        }
    });
    programs.chain(told).next()
}

/// A program without its folders.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn probed(container: &Container) -> Option<Runtime> {
    let probes = [
        &container.liveness_probe,
        &container.readiness_probe,
        &container.startup_probe,
    ];
    let path = |probe: &Probe| probe.http_get.as_ref()?.path.clone();
    let mut paths = probes.into_iter().flatten().filter_map(path);
    let spring = paths.any(|path| path.contains(SPRING_HEALTH) || path.ends_with("/actuator"));
    spring.then_some(Runtime::Java)
}

/// By its variables, unless they speak of several: what is put into every container
/// says nothing of one.
fn named(env: &Environment<'_>) -> Option<Runtime> {
    let mut found = None;
    for name in env.names() {
        let known = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
        match (found, known) {
            (Some(before), Some((_, runtime))) if before != *runtime => return None,
            (None, Some((_, runtime))) => found = Some(*runtime),
            _ => {}
        }
    }
    found
}
