//! Runtimes in pod templates: what sizes their heaps, and what they take by themselves.

use kcost::snapshot::{Heap, HeapPlace, HeapSetting};

use super::{dump, only};

/// The heap of a container with these fields.
fn heap(fields: &str) -> Option<Heap> {
    let resolved = dump(&format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, namespace: shop}}
spec: {{template: {{spec: {{containers: [{{name: app, {fields}}}]}}}}}}
"
    ));
    only(resolved).containers.remove(0).heap
}

/// The setting, its share, and whether the runtime takes it by itself.
fn share(fields: &str) -> Option<(HeapSetting, Option<f64>, bool)> {
    let heap = heap(fields)?;
    let alone = heap.place == Some(HeapPlace::Default);
    Some((heap.setting, heap.percent, alone))
}

const JVM: HeapSetting = HeapSetting::JavaMaxRamPercentage;

#[test]
fn a_jvm_without_a_size_takes_a_quarter() {
    let quarter = Some((JVM, Some(25.0), true));
    for fields in [
        "command: [java, -XX:+UseG1GC, -jar, /app.jar]",
        "command: [sh, -c, 'exec java -jar /app.jar']",
        "args: [-jar, /app.jar]",
        "image: 'eclipse-temurin:21-jre'",
        "image: 'registry.corp:5000/shop/orders:jdk17'",
        "env: [{name: JAVA_TOOL_OPTIONS, value: -XX:+ExitOnOutOfMemoryError}]",
        "env: [{name: SPRING_PROFILES_ACTIVE, value: prod}]",
        "livenessProbe: {httpGet: {path: /actuator/health, port: 8080}}",
    ] {
        assert_eq!(share(fields), quarter, "{fields}");
    }
    assert_eq!(
        share("image: 'icr.io/appcafe/open-liberty:full'"),
        Some((JVM, Some(50.0), true))
    );
}

#[test]
fn shares_of_a_jvm_are_read_in_every_form() {
    let set = |fields: &str| share(fields).map(|(setting, percent, _)| (setting, percent));
    let fraction = HeapSetting::JavaMaxRamFraction;
    assert_eq!(
        set("command: [java, -XX:MaxRAMFraction=2, -jar, /app.jar]"),
        Some((fraction, Some(50.0)))
    );
    // The newer one counts.
    assert_eq!(
        set("command: [java, -XX:MaxRAMFraction=2, -XX:MaxRAMPercentage=70, -jar, /app.jar]"),
        Some((JVM, Some(70.0)))
    );
    assert_eq!(
        set("image: 'ubi9/openjdk-21', env: [{name: JAVA_MAX_MEM_RATIO, value: '60'}]"),
        Some((HeapSetting::JavaMaxMemRatio, Some(60.0)))
    );
    // Whatever the variable is called.
    let own = heap("env: [{name: ORDERS_JVM_FLAGS, value: -Xmx1g}]").unwrap();
    assert_eq!(own.bytes.map(|bytes| bytes.0), Some(1 << 30));
}

#[test]
fn what_is_not_in_the_template_is_not_guessed() {
    for (fields, place) in [
        ("image: 'confluentinc/cp-kafka:7.6'", HeapPlace::Image),
        (
            "image: 'shop/api:1', env: [{name: BPL_JVM_HEAD_ROOM, value: '10'}]",
            HeapPlace::Image,
        ),
        (
            "command: [sh, -c, 'java $JAVA_OPTS -jar /app.jar']",
            HeapPlace::Image,
        ),
        (
            "image: 'openjdk:17', envFrom: [{configMapRef: {name: settings}}]",
            HeapPlace::EnvFrom,
        ),
    ] {
        let heap = heap(fields).unwrap();
        assert_eq!((heap.size(), heap.place), (None, Some(place)), "{fields}");
    }
    // A variable that is there and says nothing of the heap is no doubt.
    let told = share(
        "command: [sh, -c, 'java $JAVA_OPTS -jar /app.jar'], env: [{name: JAVA_OPTS, value: -ea}]",
    );
    assert_eq!(told, Some((JVM, Some(25.0), true)));
}

#[test]
fn node_and_dotnet_take_shares_too() {
    let node = Some((HeapSetting::NodeMaxOldSpace, Some(50.0), true));
    for fields in [
        "image: 'node:20-alpine'",
        "command: [npm, start]",
        "args: [server.js]",
        "env: [{name: NODE_ENV, value: production}]",
    ] {
        assert_eq!(share(fields), node, "{fields}");
    }
    let percent = HeapSetting::DotnetHeapHardLimitPercent;
    for fields in [
        "image: 'mcr.microsoft.com/dotnet/aspnet:8.0'",
        "command: [dotnet, Shop.dll]",
        "env: [{name: ASPNETCORE_URLS, value: 'http://+:8080'}]",
    ] {
        assert_eq!(share(fields), Some((percent, Some(75.0), true)), "{fields}");
    }
    // Its numbers are hexadecimal.
    assert_eq!(
        share("env: [{name: DOTNET_GCHeapHardLimitPercent, value: '32'}]"),
        Some((percent, Some(50.0), false))
    );
    let fixed = heap("env: [{name: COMPlus_GCHeapHardLimit, value: '0x20000000'}]").unwrap();
    assert_eq!(fixed.bytes.map(|bytes| bytes.0 >> 20), Some(512));
}

#[test]
fn a_go_program_may_take_a_share_of_its_limit() {
    assert_eq!(
        share("env: [{name: AUTOMEMLIMIT, value: '0.9'}]"),
        Some((HeapSetting::GoMemLimit, Some(90.0), false))
    );
}

#[test]
fn what_is_no_such_runtime_has_no_heap() {
    for fields in [
        "image: 'redis:7'",
        "image: 'quay.io/calico/node:v3.27'",
        "image: 'prom/node-exporter:v1.8', args: [--path.rootfs=/host]",
        "image: 'grafana/k6:0.50', args: [run, /scripts/load.js]",
        "env: [{name: NODE_NAME, value: n1}]",
        // Put into every container, whatever runs in it.
        "env: [{name: JAVA_TOOL_OPTIONS, value: -ea}, {name: NODE_OPTIONS, value: --expose-gc}]",
    ] {
        assert_eq!(heap(fields), None, "{fields}");
    }
}
