//! A store by itself.

use super::Store;

#[test]
fn items_come_back_across_growth_and_truncation() {
    let mut store = Store::new(1000);
    for i in 0..300_u64 {
        assert_eq!(u64::from(store.push(i)), i);
    }
    assert_eq!(*store.read(), (0..300).collect::<Vec<_>>());
    store.truncate(10);
    (100..105).for_each(|i| {
        store.push(i);
    });
    assert_eq!(store.len(), 15);
    assert_eq!(
        (store.get(9), store.get(14), store.get(15)),
        (Some(9), Some(104), None)
    );
    assert_eq!(store.bytes(), 15 * 8);
}

#[test]
fn appending_while_items_are_read_is_sound() {
    let store = Store::new(1000);
    store.reserve(10);
    store.push(1);
    let guard = store.read();
    store.push(2);
    assert_eq!(*guard, [1]);
    assert_eq!(*store.read(), [1, 2]);
}

#[test]
#[should_panic(expected = "while its nodes were being read")]
fn growing_while_items_are_read_is_refused() {
    let store = Store::new(1000);
    let _guard = store.read();
    store.push(1);
}

#[test]
#[should_panic(expected = "the tape is full: it can hold 3 nodes")]
fn more_items_than_the_limit_are_refused() {
    let store = Store::new(3);
    (0..4).for_each(|i| {
        store.push(i);
    });
}

#[test]
fn many_items_are_appended_together() {
    let store = Store::new(1000);
    store.push(0);
    let guard = store.read();
    drop(guard);
    store.extend((1..200).collect::<Vec<_>>().into_iter());
    assert_eq!(store.push(200), 200);
    assert_eq!(*store.read(), (0..=200).collect::<Vec<_>>());
}

#[test]
fn without_the_fast_path_only_the_slow_path_appends() {
    let mut store = Store::new(1000);
    store.push(0);
    store.disable_fast_path();
    assert_eq!(store.try_push(1), None);
    assert_eq!((store.push(1), store.try_push(2)), (1, None));
    store.extend([2, 3].into_iter());
    assert_eq!((store.len(), store.try_push(4)), (4, None));
}

#[test]
#[should_panic(expected = "while inputs of a node were being appended")]
fn appending_while_many_are_appended_is_refused() {
    let store = Store::new(1000);
    store.extend([1, 2].into_iter().map(|i| store.push(i)));
}

#[test]
#[should_panic(expected = "while inputs of a node were being appended")]
fn growing_while_many_are_appended_is_refused() {
    let store = Store::new(1000);
    store.extend([1, 2].into_iter().inspect(|_| store.reserve(500)));
}

#[test]
#[should_panic(expected = "while inputs of a node were being appended")]
fn appending_many_while_many_are_appended_is_refused() {
    let store = Store::new(1000);
    store.extend(
        [1, 2]
            .into_iter()
            .inspect(|_| store.extend([3].into_iter())),
    );
}

#[test]
fn a_panic_while_many_are_appended_leaves_the_store_as_it_was() {
    let store = Store::new(1000);
    store.push(0);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.extend([1, 2].into_iter().inspect(|&i| assert!(i < 2)));
    }));
    assert!(panic.is_err());
    assert_eq!((store.push(7), &*store.read()), (1, &[0, 7][..]));
}

#[test]
fn a_store_can_be_sent_to_another_thread() {
    let store = Store::new(10);
    store.push(5);
    let length = std::thread::spawn(move || store.len()).join().unwrap();
    assert_eq!(length, 1);
}
