//! Snapshots follow links, keep the permissions of an earlier file, and replace only regular files.

use nn::snapshot::{self, Cause};
use nn::{Activation, Initializer, Mlp, MlpModel, Parameters, StandardLoss, Supervised};
use std::fs;
use std::path::Path;

fn network() -> (Mlp, Parameters<f32>) {
    let network = Mlp::new(&[3, 2], Activation::Relu);
    let parameters = network.init(Initializer::HeNormal, 1);
    (network, parameters)
}

fn save(path: &Path) -> Result<(), Cause> {
    let (network, parameters) = network();
    snapshot::save(
        path,
        &Supervised::new(network.clone(), StandardLoss::cross_entropy()),
        &parameters,
    )
    .map_err(|error| error.cause)
}

fn is_saved(path: &Path) -> bool {
    snapshot::load::<f32, MlpModel>(path).is_ok_and(|saved| saved.parameters == network().1)
}

/// Returns the sorted names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_and_a_missing_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    assert!(matches!(save(&inner), Err(Cause::NotAFile)));
    assert!(matches!(
        save(&folder.path().join("none/weights")),
        Err(Cause::Io(_))
    ));
    assert_eq!(names(folder.path()), ["inner"]);
    assert!(names(&inner).is_empty());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_target_of_a_link_is_replaced_and_the_link_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for inner in ["real", "links"] {
            fs::create_dir(at(inner)).unwrap();
        }
        let target = at("real/weights");
        symlink("../real/weights", at("links/relative")).unwrap();
        symlink(&target, at("links/absolute")).unwrap();
        symlink("relative", at("links/second")).unwrap();
        symlink("links", at("folder")).unwrap();
        let links = [
            "links/relative",
            "links/absolute",
            "links/second",
            "folder/second",
        ];
        for earlier in [true, false] {
            for link in links {
                // The target of the links exists first, and then does not.
                if earlier {
                    fs::write(&target, "earlier").unwrap();
                } else {
                    fs::remove_file(&target).unwrap();
                }
                save(&at(link)).unwrap();
                assert!(is_saved(&target) && is_saved(&at(link)), "{link}");
                assert!(fs::symlink_metadata(&target).unwrap().is_file());
                assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
                assert_eq!(names(&at("real")), ["weights"]);
                assert_eq!(names(&at("links")), ["absolute", "relative", "second"]);
            }
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        symlink("self", at("self")).unwrap();
        symlink("none/weights", at("missing")).unwrap();
        symlink("/", at("root")).unwrap();
        for link in ["a", "b", "self", "missing"] {
            assert!(matches!(save(&at(link)), Err(Cause::Io(_))), "{link}");
        }
        assert!(matches!(save(&at("root")), Err(Cause::NotAFile)));
        assert_eq!(names(folder.path()), ["a", "b", "missing", "root", "self"]);
    }

    #[test]
    fn pipes_sockets_and_devices_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link");
        symlink(&socket, &link).unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let mut there = vec![socket.clone(), link, "/dev/null".into(), "/dev/full".into()];
        if made.is_ok_and(|status| status.success()) {
            there.push(pipe);
        }
        let before = names(folder.path());
        for path in there {
            assert!(
                matches!(save(&path), Err(Cause::NotAFile)),
                "{}",
                path.display()
            );
        }
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
        assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
        assert_eq!(names(folder.path()), before);
    }

    #[test]
    fn permissions_of_an_earlier_file_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        // A new file has the usual permissions of a new file.
        fs::write(&path, "").unwrap();
        let usual = mode();
        fs::remove_file(&path).unwrap();
        save(&path).unwrap();
        assert_eq!(mode(), usual);
        for kept in [0o600, 0o644, 0o666, 0o640, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
            save(&path).unwrap();
            assert!(is_saved(&path));
            assert_eq!(mode(), kept);
        }
    }

    #[test]
    fn a_failed_save_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        save(&path).unwrap();
        let before = fs::read(&path).unwrap();
        let long = folder.path().join("x".repeat(300));
        assert!(matches!(save(&long), Err(Cause::Io(_))));
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(names(folder.path()), ["weights"]);
    }
}
