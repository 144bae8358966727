use super::transaction::recover_observed;
use super::*;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_missing_folder_is_made_with_the_first_file() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path().join("a/b"), &["result"]).unwrap();
    assert_eq!(files(dir.path()), [""; 0]);
    output.write("result", "first").unwrap();
    assert_eq!(files(output.path()), ["result"]);
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused_immediately() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("result")).unwrap();
    let error = OutputDir::new(dir.path(), &["other", "result"]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.ends_with("result: cannot write this file: is a directory"),
        "{message}"
    );
}

#[test]
fn a_file_is_replaced_completely() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path(), &[]).unwrap();
    output.write("result", "a long first result").unwrap();
    let path = output.write("result", "second").unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "second");
    assert_eq!(files(dir.path()), ["result"]);
}

#[test]
fn a_failure_half_way_leaves_the_earlier_result() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path(), &[]).unwrap();
    output.write("result", "first").unwrap();
    let transaction = output.begin().unwrap();
    let failed = transaction.write_with("result", |file| {
        file.write_all(&[0; 100_000])?;
        Err(io::Error::other("the disk is full"))
    });
    drop(transaction);
    let message = failed.unwrap_err().to_string();
    assert!(
        message.ends_with("result: cannot write this file: the disk is full"),
        "{message}"
    );
    assert_eq!(
        fs::read_to_string(dir.path().join("result")).unwrap(),
        "first"
    );
    assert_eq!(files(dir.path()), ["result"]);
}

#[test]
fn a_transaction_without_commit_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path(), &[]).unwrap();
    let path = output.write("result", "first").unwrap();
    let transaction = output.begin().unwrap();
    transaction.write("result", "second").unwrap();
    drop(transaction);
    assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    assert_eq!(files(dir.path()), ["result"]);
}

#[test]
fn an_unwritable_folder_is_refused_immediately() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "here already").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = OutputDir::new(&path, &[]).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Folder { .. }));
        assert!(
            message.starts_with(path.to_str().unwrap()) && !message.contains('\n'),
            "{message}"
        );
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "here already");
}

// A folder in which not even the superuser can create files.
#[cfg(target_os = "linux")]
#[test]
fn the_probe_detects_a_folder_that_accepts_no_files() {
    let message = OutputDir::new("/proc/self", &[]).unwrap_err().to_string();
    assert!(
        message.starts_with("/proc/self: cannot write into this folder: "),
        "{message}"
    );
    assert!(!message.contains("unfinished"), "{message}");
}

#[cfg(unix)]
#[test]
fn results_have_the_default_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let usual = dir.path().join("usual");
    fs::write(&usual, "").unwrap();
    let path = OutputDir::new(dir.path(), &[])
        .unwrap()
        .write("result", "")
        .unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(path), mode(usual));
}

#[test]
fn tables_have_a_header_and_a_line_per_row() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path(), &[]).unwrap();
    let transaction = output.begin().unwrap();
    let rows = [(1, 0.25_f32, Some("a,b")), (2, f32::NAN, None)];
    let header = ["step", "loss", "note"];
    transaction.write_csv("run.csv", &header, rows).unwrap();
    let no_rows = [(0_u32, 0.0_f32); 0];
    let empty = transaction.write_csv("empty.csv", &header[..2], no_rows);
    empty.unwrap();
    let ragged = transaction.write_csv("ragged.csv", &["step"], [(1, 2)]);
    assert!(ragged.is_err());
    transaction.commit().unwrap();
    let table = |name| fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(table("run.csv"), "step,loss,note\n1,0.25,\"a,b\"\n2,NaN,\n");
    assert_eq!(table("empty.csv"), "step,loss\n");
}

/// The files of a run.
const RUN: [&str; 3] = ["a", "b", "c"];

fn write_run(output: &OutputDir, contents: &str) -> Transaction {
    let transaction = output.begin().unwrap();
    for name in RUN {
        transaction.write(name, contents).unwrap();
    }
    transaction
}

/// The contents of a run's files. A missing file is empty.
fn run(folder: &Path) -> [String; 3] {
    RUN.map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default())
}

fn is_one(run: &[String; 3]) -> bool {
    run.iter().all(|contents| *contents == run[0])
}

/// Copies a folder recursively. Nothing in the copy is locked, as after the death of the process that works in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[test]
fn a_process_that_ends_at_any_moment_leaves_one_run_or_a_journal() {
    let copies = tempfile::tempdir().unwrap();
    let folder = |number: usize| copies.path().join(number.to_string());
    let mut count = 0;
    let mut take = |from: &Path| {
        copy(from, &folder(count));
        count += 1;
    };

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes"), "mine").unwrap();
    fs::create_dir(dir.path().join("own folder")).unwrap();
    let output = OutputDir::new(dir.path(), &RUN).unwrap();
    write_run(&output, "old").commit().unwrap();
    let transaction = output.begin().unwrap();
    for name in RUN {
        take(dir.path());
        transaction.write(name, "new").unwrap();
    }
    transaction
        .commit_observed(&mut || take(dir.path()))
        .unwrap();
    assert_eq!(run(dir.path()), ["new"; 3]);
    // A process that ends while it completes the moves of another.
    let ended = count;
    for number in 0..ended {
        let begun = tempfile::tempdir().unwrap();
        copy(&folder(number), begun.path());
        let mut take = |from: &Path| {
            copy(from, &folder(count));
            count += 1;
        };
        recover_observed(begun.path(), &mut || take(begun.path())).unwrap();
    }

    let (mut mixed, mut old) = (0, 0);
    for number in 0..count {
        let folder = folder(number);
        let journal = files(&folder)
            .iter()
            .any(|name| name == "UNFINISHED-RUN.txt");
        let left = run(&folder);
        assert!(is_one(&left) || journal, "{number}: {left:?}");
        mixed += usize::from(!is_one(&left));
        OutputDir::new(&folder, &RUN).unwrap();
        let found = run(&folder);
        let expected = if journal { "new" } else { &left[0] };
        assert_eq!(found, [expected; 3], "{number}");
        old += usize::from(expected == "old");
        assert_eq!(files(&folder), ["a", "b", "c", "notes", "own folder"]);
        assert_eq!(fs::read_to_string(folder.join("notes")).unwrap(), "mine");
    }
    assert!(
        mixed >= 2 && old >= 4 && count > 15,
        "{mixed}, {old}, {count}"
    );
}

#[test]
fn files_of_a_dead_process_are_removed_and_files_of_a_living_one_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let output = OutputDir::new(dir.path(), &RUN).unwrap();
    let living = write_run(&output, "new");
    let staging = living.staged("a").parent().unwrap().to_owned();
    let name = staging.file_name().unwrap().to_str().unwrap();
    copy(&staging, &dir.path().join(format!("{name}-of-a-dead-one")));
    // A process that ended before it wrote anything, and a folder that only resembles a staging folder.
    fs::create_dir(dir.path().join(format!("{name}-empty"))).unwrap();
    let own = format!("{name}-own");
    fs::create_dir(dir.path().join(&own)).unwrap();
    fs::write(dir.path().join(&own).join("notes"), "mine").unwrap();

    OutputDir::new(dir.path(), &RUN).unwrap();
    assert_eq!(files(dir.path()), [name, &own]);
    living.commit().unwrap();
    assert_eq!(run(dir.path()), ["new"; 3]);
    assert_eq!(files(dir.path()), [&own, "a", "b", "c"]);
}

#[test]
fn runs_that_end_at_the_same_time_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["one", "two", "three"];
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(|| {
                for _ in 0..15 {
                    let output = OutputDir::new(dir.path(), &RUN).unwrap();
                    write_run(&output, name).commit().unwrap();
                }
            });
        }
    });
    let left = run(dir.path());
    assert!(is_one(&left) && names.contains(&&*left[0]), "{left:?}");
    assert_eq!(files(dir.path()), RUN);
}

#[test]
fn a_foreign_file_with_the_journals_name_is_no_journal() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("UNFINISHED-RUN.txt");
    for contents in [
        "mine",
        "",
        "../elsewhere",
        ".mnist-demo-unfinished-/../x",
        "\u{0}",
    ] {
        fs::write(&own, contents).unwrap();
        let message = OutputDir::new(dir.path(), &RUN).unwrap_err().to_string();
        assert!(
            message.contains("UNFINISHED-RUN.txt: cannot write"),
            "{message}"
        );
        assert_eq!(fs::read_to_string(&own).unwrap(), contents);
        recover(dir.path()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_only_regular_files_are_replaced() {
    use std::os::unix::fs::symlink;
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = elsewhere.path().join("target");
    fs::write(&target, "old").unwrap();
    symlink(&target, dir.path().join("a")).unwrap();
    let output = OutputDir::new(dir.path(), &RUN).unwrap();
    write_run(&output, "new").commit().unwrap();
    assert!(dir.path().join("a").is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    assert_eq!(run(dir.path()), ["new"; 3]);

    symlink("/dev/null", dir.path().join("device")).unwrap();
    let message = OutputDir::new(dir.path(), &["device"])
        .unwrap_err()
        .to_string();
    assert!(
        message.ends_with("device: cannot write this file: is not a regular file"),
        "{message}"
    );
}
