//! Folders and archives of dumps.

use std::fs;
use std::path::Path;
use std::process::Command;

use kcost::collect::files::read_objects;
use kcost::collect::{Scope, resolve};
use kcost::progress::Silent;

use super::file;
use super::inputs::{listed, packed, refused, said};
use crate::common::needs;

/// Pods and gaps of a folder or an archive.
fn found(path: &Path) -> (Vec<String>, Vec<String>) {
    let (objects, gaps) = read_objects(&[path.to_owned()], &Scope::default(), &Silent).unwrap();
    let gaps = gaps.iter().map(|gap| {
        let subject = gap.subject.replace(&*path.to_string_lossy(), "PATH");
        format!("{} {subject}: {}", gap.code, gap.text)
    });
    let gaps = gaps.collect();
    let resolved = resolve(objects);
    let names = resolved.workloads.iter().map(|it| it.id.name.clone());
    (names.collect(), gaps)
}

/// A folder as `oc adm must-gather` and `kubectl cluster-info dump` fill it.
fn gather(root: &Path) {
    let put = |path: &str, content: &[u8]| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    put("namespaces/shop/core/pods.yaml", b"apiVersion: v1\nitems:\n- metadata: {name: a, namespace: shop}\n  spec: {containers: [{name: app}]}\nkind: PodList\n");
    put("namespaces/shop/pods/a/a.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {containers: [{name: app}]}\n");
    put("namespaces/shop/pods/a/app/logs/current.log", b"{]");
    put(
        "namespaces/mail/core/pods.json.gz",
        &packed(listed(&["b"]).as_bytes()),
    );
    put(
        "etcd/status.json",
        b"[{\"Endpoint\": \"https://10.0.0.1:2379\"}]",
    );
    put("monitoring/values.yaml", b"replicas: 2\n");
    put("version", b"4.20");
    put(".git/config.yaml", b"{]");
    let long = "n".repeat(90);
    put(
        &format!("namespaces/{long}/core/pods.json"),
        listed(&["c"]).as_bytes(),
    );
}

#[test]
fn a_folder_is_read_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    gather(folder.path());
    assert_eq!(
        found(folder.path()),
        (vec!["a".into(), "b".into(), "c".into()], vec![])
    );
}

#[test]
fn files_of_a_folder_that_cannot_be_read_are_gaps() {
    let folder = tempfile::tempdir().unwrap();
    gather(folder.path());
    let put = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    put("broken.json", b"{\"kind\": \"PodList\", \"items\": [");
    put("cut.yaml.gz", &packed(listed(&["d"]).as_bytes())[..20]);
    put(
        "nameless.json",
        br#"{"apiVersion": "v1", "metadata": {"name": "x"}}"#,
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink("broken.json", folder.path().join("link.json")).unwrap();
    let (pods, gaps) = found(folder.path());
    assert_eq!(pods, ["a", "b", "c"]);
    insta::assert_snapshot!(gaps.join("\n"), @"
    unreadable-file PATH/link.json: it is a link, and links in folders are not followed
    unreadable-file PATH/broken.json: line 1, column 30: EOF while parsing a list
    unreadable-file PATH/cut.yaml.gz: incomplete deflate stream
    unreadable-object object x: it has no `kind`
    ");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        found(empty.path()),
        (
            vec![],
            vec!["no-objects objects: there are no objects".into()]
        )
    );
    fs::write(empty.path().join("a.json"), "{").unwrap();
    assert!(said(empty.path()).starts_with("error: failed to understand FILE/a.json at line 1"));
}

/// An archive of these files, as POSIX says.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        member(&mut bytes, name, b'0', content);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn member(bytes: &mut Vec<u8>, name: &str, kind: u8, content: &[u8]) {
    let size = format!("{:011o}\0", content.len());
    bytes.extend(header(name, kind, size.as_bytes()));
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}

fn header(name: &str, kind: u8, size: &[u8]) -> [u8; 512] {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..136].copy_from_slice(size);
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

#[test]
fn an_archive_is_read_member_by_member() {
    let (a, b) = (listed(&["a"]), listed(&["b"]));
    let long = format!("dump/{}.json", "n".repeat(200));
    let mut bytes = Vec::new();
    member(&mut bytes, "dump/", b'5', b"");
    member(&mut bytes, "dump/pods.log", b'0', b"{]");
    member(
        &mut bytes,
        "././@LongLink",
        b'L',
        format!("{long}\0").as_bytes(),
    );
    member(&mut bytes, "cut", b'0', a.as_bytes());
    let path = format!("path={long}\n");
    let property = format!("{} {path}", path.len() + 4);
    member(&mut bytes, "PaxHeaders/1", b'x', property.as_bytes());
    member(&mut bytes, "cut", b'0', b.as_bytes());
    member(&mut bytes, "link.json", b'2', b"");
    member(&mut bytes, "../../bad.json", b'0', b"{");
    bytes.extend([0; 1024]);
    for bytes in [bytes.clone(), packed(&bytes)] {
        let file = file(bytes);
        let (pods, gaps) = found(file.path());
        assert_eq!(pods, ["a", "b"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(gaps.join("\n"), @"unreadable-file PATH/bad.json: line 1, column 1: EOF while parsing an object");
        }
    }
}

#[test]
fn a_damaged_archive_is_a_failure() {
    let whole = archive(&[
        ("a.json", listed(&["a"]).as_bytes()),
        ("b.json", listed(&["b"]).as_bytes()),
    ]);
    let cut = &whole[..whole.len() - 1024 - 300];
    insta::assert_snapshot!(refused(cut), @"
    error: failed to read FILE
    caused by: unexpected end of file
    hint: the file is incomplete: copy it or create it again
    ");
    let mut damaged = whole.clone();
    damaged[1024 + 5] ^= 1;
    insta::assert_snapshot!(refused(damaged), @"
    error: failed to read FILE
    caused by: a header in the archive is damaged
    hint: the file is incomplete: copy it or create it again
    ");
    let size = b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
    for kind in [b'0', b'L', b'x', b'5'] {
        let endless = header("a.json", kind, size);
        assert!(refused(endless).starts_with("error: failed to read FILE"));
    }
}

#[test]
fn what_a_real_tar_makes_is_read() {
    let Some(tar) = needs("tar") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    gather(&folder.path().join("must-gather"));
    for format in ["gnu", "pax", "ustar"] {
        let archive = folder.path().join(format!("{format}.tar.gz"));
        let made = Command::new(&tar)
            .args(["--format", format, "-czf"])
            .arg(&archive)
            .arg("-C")
            .arg(folder.path())
            .arg("must-gather")
            .status();
        assert!(made.unwrap().success());
        assert_eq!(
            found(&archive),
            (vec!["a".into(), "b".into(), "c".into()], vec![]),
            "{format}"
        );
    }
}
