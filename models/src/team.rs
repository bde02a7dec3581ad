//! Threads that share work in parts of less than a millisecond.
//!
//! A thread that sleeps takes about as long to wake up as a step of training takes, so the helpers
//! look for work again and again for a while before they sleep.

use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How long a helper looks for work before it sleeps.
const PATIENCE: Duration = Duration::from_micros(500);

type Task = Box<dyn FnOnce() + Send>;

/// The helpers of this process: one for each core but the first.
fn helpers() -> &'static [Sender<Task>] {
    static HELPERS: OnceLock<Vec<Sender<Task>>> = OnceLock::new();
    HELPERS.get_or_init(|| {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let helper = |number: usize| {
            let (give, tasks) = channel::<Task>();
            let work = move || {
                while let Some(task) = next(&tasks) {
                    task();
                }
            };
            let named = std::thread::Builder::new().name(format!("helper-{number}"));
            named.spawn(work).ok().map(|_| give)
        };
        (1..threads).filter_map(helper).collect()
    })
}

/// Does all jobs, some of them on other threads, and returns what comes out, in their order. Where
/// a job panics, so does the caller, with the same message.
pub(crate) fn share<Job, Done>(jobs: Vec<Job>) -> Vec<Done>
where
    Job: FnOnce() -> Done + Send + 'static,
    Done: Send + 'static,
{
    let count = jobs.len();
    let mut done: Vec<Option<Done>> = (0..count).map(|_| None).collect();
    // Nobody owns a job before beginning it: a helper that gets no processor delays nothing.
    let queue = Arc::new(Mutex::new(jobs.into_iter().enumerate()));
    let (give, results) = channel();
    for helper in helpers().iter().take(count.saturating_sub(1)) {
        let (queue, give) = (Arc::clone(&queue), give.clone());
        let task = move || {
            while let Some((index, job)) = pop(&queue) {
                // What a job leaves behind when it panics is seen by nobody: the caller panics, too.
                let result = catch_unwind(AssertUnwindSafe(job));
                // The caller may have panicked meanwhile: then nobody wants the result.
                drop(give.send((index, result)));
            }
        };
        // A helper that is gone drops the task.
        drop(helper.send(Box::new(task)));
    }
    drop(give);
    let mut missing = count;
    while let Some((index, job)) = pop(&queue) {
        done[index] = Some(job());
        missing -= 1;
    }
    while missing > 0 {
        let lost = || -> Box<dyn Any + Send> { Box::new("a thread ended with its job undone") };
        let (index, result) = next(&results).unwrap_or_else(|| resume_unwind(lost()));
        done[index] = Some(result.unwrap_or_else(|message| resume_unwind(message)));
        missing -= 1;
    }
    done.into_iter().flatten().collect()
}

fn pop<Job>(queue: &Mutex<impl Iterator<Item = Job>>) -> Option<Job> {
    queue.lock().ok()?.next()
}

/// The next message; `None` when there will be none.
fn next<T>(receiver: &Receiver<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        match receiver.try_recv() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) if begun.elapsed() > PATIENCE => return receiver.recv().ok(),
            Err(TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for count in [0, 1, 2, 3, 100] {
            let jobs: Vec<_> = (0..count).map(|n: u64| move || n * n).collect();
            let squares: Vec<u64> = (0..count).map(|n| n * n).collect();
            assert_eq!(share(jobs), squares);
        }
    }

    #[test]
    fn a_job_that_panics_on_any_thread_is_heard_of() {
        let callers = std::thread::current().id();
        for _ in 0..20 {
            let job = move |number: usize| {
                move || {
                    let here = std::thread::current().id() == callers;
                    // The caller waits for the others to take their part.
                    std::thread::sleep(std::time::Duration::from_millis(u64::from(here)));
                    assert!(number != 7, "job seven");
                    number
                }
            };
            let jobs: Vec<_> = (0..20).map(job).collect();
            let caught = std::panic::catch_unwind(|| share(jobs));
            let message = caught.expect_err("a panic");
            assert_eq!(message.downcast_ref(), Some(&"job seven"));
        }
        assert_eq!(share(vec![|| 1, || 2]), [1, 2]);
    }

    #[test]
    fn several_callers_get_their_own_results() {
        let caller = |start: usize| {
            move || {
                for round in 0..200 {
                    let jobs: Vec<_> = (0..5).map(|n| move || start + round * n).collect();
                    let expected: Vec<usize> = (0..5).map(|n| start + round * n).collect();
                    assert_eq!(share(jobs), expected);
                }
            }
        };
        let callers = [0, 1000, 2000].map(|start| std::thread::spawn(caller(start)));
        for caller in callers {
            assert!(caller.join().is_ok());
        }
    }
}
