//! The loop on the host, with pins, clock and devices written by hand.

extern crate std;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_hal::spi::{ErrorType as SpiErrorType, Operation, SpiDevice};

use crate::*;

/// Sums two features; formats of four bits.
struct Sum;

impl Kernel for Sum {
    type Feature = i16;
    type Event = [i16; 2];
    type Score = i32;
    type Scores = [i32; 1];

    fn empty() -> [i16; 2] {
        [0; 2]
    }

    fn limits(_: usize) -> (i64, i64) {
        (-8, 7)
    }

    fn infer(event: &[i16; 2]) -> [i32; 1] {
        [i32::from(event[0]) + i32::from(event[1])]
    }
}

/// What happened on the lines, in order.
type Record = Rc<RefCell<Vec<(&'static str, bool)>>>;

struct Line(&'static str, Record);

impl ErrorType for Line {
    type Error = Infallible;
}

impl OutputPin for Line {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.1.borrow_mut().push((self.0, false));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.1.borrow_mut().push((self.0, true));
        Ok(())
    }
}

/// Each reading is later by one more than the one before.
struct Slower(u32, u32);

impl Clock for Slower {
    fn now(&mut self) -> u32 {
        self.1 += 1;
        self.0 = self.0.wrapping_add(self.1);
        self.0
    }
}

struct Events(VecDeque<[i16; 2]>);

impl Source<i16> for Events {
    type Error = Infallible;

    fn read(&mut self, features: &mut [i16]) -> Result<bool, Infallible> {
        let Some(event) = self.0.pop_front() else {
            return Ok(false);
        };
        features.copy_from_slice(&event);
        Ok(true)
    }
}

const LEAST: Threshold = Threshold { score: 0, least: 3 };

fn trigger<const N: usize>(
    when_full: WhenFull,
) -> (Trigger<Sum, Threshold, Line, Line, Slower, N>, Record) {
    let record = Record::default();
    let pins = Pins {
        accept: Line("accept", record.clone()),
        strobe: Line("strobe", record.clone()),
    };
    (
        Trigger::new(LEAST, pins, Slower(u32::MAX - 2, 0), when_full),
        record,
    )
}

#[test]
fn the_accept_line_holds_the_decision_when_the_strobe_falls() {
    let (mut trigger, record) = trigger::<4>(WhenFull::DropOldest);
    let mut source = Events(VecDeque::from([[1, 2], [1, 1]]));
    assert_eq!(trigger.step(&mut source), Ok(Some(true)));
    assert_eq!(trigger.step(&mut source), Ok(Some(false)));
    assert_eq!(trigger.step(&mut source), Ok(None));
    let strobe = |level| ("strobe", level);
    assert_eq!(
        *record.borrow(),
        [
            strobe(true),
            ("accept", true),
            strobe(false),
            strobe(true),
            ("accept", false),
            strobe(false),
        ]
    );
}

#[test]
fn counters_say_what_happened() {
    let (mut trigger, _) = trigger::<4>(WhenFull::DropOldest);
    let mut source = Events(VecDeque::from([[7, 0], [-8, 0], [1, 1], [6, 6]]));
    while trigger.step(&mut source) != Ok(None) {}
    assert_eq!(
        trigger.counters(),
        Counters {
            events: 4,
            accepts: 2,
            saturations: 2,
            queue_full: 0,
            // The clock starts anew in the first event; the last takes 8 ticks.
            worst_latency: 8,
        }
    );
    assert_eq!(trigger.queue().pop().map(|event| event.number), Some(0));
    let last = trigger.queue().pop();
    assert_eq!(
        last,
        Some(Accepted {
            number: 3,
            event: [6, 6],
            scores: [12]
        })
    );
    assert!(trigger.queue().is_empty());
}

#[test]
fn a_full_queue_drops_as_configured_and_counts_it() {
    for (when_full, left) in [
        (WhenFull::DropOldest, [3, 4]),
        (WhenFull::DropNewest, [0, 1]),
    ] {
        let (mut trigger, _) = trigger::<2>(when_full);
        let mut source = Events(VecDeque::from([[5, 5]; 5]));
        while trigger.step(&mut source) != Ok(None) {}
        assert_eq!(trigger.counters().queue_full, 3);
        let numbers: Vec<_> = std::iter::from_fn(|| trigger.queue().pop())
            .map(|event| event.number)
            .collect();
        assert_eq!(numbers, left);
    }
}

#[test]
fn a_score_that_is_not_there_accepts_nothing() {
    let decision = Threshold {
        score: 1,
        least: i64::MIN,
    };
    assert!(!decision.accepts(&[5i32]));
    assert!(LEAST.accepts(&[3i8]) && !LEAST.accepts(&[2i8]));
}

/// An SPI device that hands out bytes.
struct Bytes(VecDeque<u8>, usize);

impl SpiErrorType for Bytes {
    type Error = Infallible;
}

impl SpiDevice for Bytes {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        self.1 += 1;
        for operation in operations {
            if let Operation::Read(buffer) = operation {
                buffer.fill_with(|| self.0.pop_front().unwrap_or(0));
            }
        }
        Ok(())
    }
}

struct Ready(bool);

impl ErrorType for Ready {
    type Error = Infallible;
}

impl InputPin for Ready {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0)
    }
}

#[test]
fn spi_gives_features_with_the_highest_byte_first() {
    let bytes = [0xff, 0xfe, 0x01, 0x02, 0xaa];
    let mut source = SpiSource::new(Bytes(VecDeque::from(bytes), 0), Ready(true));
    let mut event = [0i16; 2];
    assert_eq!(source.read(&mut event), Ok(true));
    assert_eq!(event, [-2, 0x102]);
    let mut wide = SpiSource::new(Bytes(VecDeque::from(vec![1; 200]), 0), Ready(true));
    let mut event = [0i32; 40];
    assert_eq!(wide.read(&mut event), Ok(true));
    assert_eq!(event, [0x0101_0101; 40]);
    let mut idle = SpiSource::new(Bytes(VecDeque::new(), 0), Ready(false));
    assert_eq!(idle.read(&mut [0i16; 2]), Ok(false));
}

/// A FIFO of packets, as its data sheet describes it.
struct Fifo(VecDeque<Vec<u32>>);

impl Registers for Fifo {
    fn read(&mut self, offset: usize) -> u32 {
        match offset {
            0x1c => self.0.iter().map(Vec::len).sum::<usize>() as u32,
            0x24 => self.0.front().map_or(0, |packet| 4 * packet.len() as u32),
            0x20 => {
                let Some(packet) = self.0.front_mut() else {
                    return 0;
                };
                let word = packet.remove(0);
                if packet.is_empty() {
                    self.0.pop_front();
                }
                word
            }
            _ => 0,
        }
    }

    fn write(&mut self, _: usize, _: u32) {}
}

#[test]
fn a_packet_of_another_length_is_no_event_and_is_gone() {
    let packets = [vec![1, 2, 3], vec![u32::MAX, 4], vec![9]];
    let mut source = StreamSource::new(Fifo(VecDeque::from(packets)), FifoLayout::AXI_STREAM_FIFO);
    let mut event = [0i16; 2];
    assert_eq!(
        source.read(&mut event),
        Err(StreamError {
            expected: 2,
            bytes: 12
        })
    );
    assert_eq!(source.read(&mut event), Ok(true));
    assert_eq!(event, [-1, 4]);
    assert_eq!(source.read(&mut event), Ok(false));
}

/// What the wrapper of the Verilog kernel does, for a kernel that swaps two
/// features of 20 bits; the state is read `late` times before it is 1.
struct Swap {
    inputs: [u32; 2],
    outputs: [u32; 2],
    late: u32,
}

impl Registers for &mut Swap {
    fn read(&mut self, offset: usize) -> u32 {
        match offset {
            0 if self.late == 0 => 1,
            0 => {
                self.late -= 1;
                0
            }
            _ => self.outputs[(offset - 0x2000) / 4],
        }
    }

    fn write(&mut self, offset: usize, word: u32) {
        if offset > 0 {
            self.inputs[(offset - 0x1000) / 4] = word;
            return;
        }
        let all = u64::from(self.inputs[1]) << 32 | u64::from(self.inputs[0]);
        let (low, high) = (all & 0xf_ffff, all >> 20 & 0xf_ffff);
        let swapped = low << 20 | high;
        self.outputs = [swapped as u32, (swapped >> 32) as u32];
    }
}

#[test]
fn mantissas_cross_word_boundaries_of_the_buses() -> Result<(), LiteError> {
    let signed = Element {
        bits: 20,
        signed: true,
    };
    let widths = [signed; 2];
    let mut bus = Swap {
        inputs: [0; 2],
        outputs: [0; 2],
        late: 3,
    };
    let mut kernel = LiteKernel::new(&mut bus, &widths, &widths, 10)?;
    let mut scores = [0; 2];
    kernel.infer(&[-5, 0x7_ffff], &mut scores)?;
    assert_eq!(scores, [0x7_ffff, -5]);
    assert!(matches!(
        kernel.infer(&[1], &mut scores),
        Err(LiteError::Length {
            expected: 2,
            found: 1
        })
    ));
    bus.late = 10;
    let wide = [Element { bits: 33, ..signed }];
    let mut kernel = LiteKernel::new(&mut bus, &widths, &widths, 10)?;
    assert_eq!(kernel.infer(&[1, 2], &mut scores), Err(LiteError::Late));
    assert!(matches!(
        LiteKernel::new(&mut bus, &wide, &widths, 1),
        Err(LiteError::Layout)
    ));
    Ok(())
}

#[cfg(feature = "display")]
#[test]
fn shown_probabilities_are_close_to_the_exact_ones() {
    let shown = display::probabilities([4096i32, 0, -4096], 12);
    for (shown, exact) in shown.iter().zip([0.6652, 0.2447, 0.0900]) {
        assert!((shown - exact).abs() < 0.02, "{shown} for {exact}");
    }
    assert_eq!(display::value(-3i16, 1), -1.5);
}
