//! Files of the host, and the end of the program, through semihosting.

const OPEN: usize = 0x01;
const CLOSE: usize = 0x02;
const WRITE: usize = 0x05;
const READ: usize = 0x06;
const EXIT: usize = 0x18;

/// `fopen` modes "rb" and "wb".
const RB: usize = 1;
const WB: usize = 5;

/// Asks the host; `argument` is the address of the request's words, or a word.
fn call(operation: usize, argument: usize) -> isize {
    let result: isize;
    // SAFETY: the host reads the request and writes no more than the buffer
    // that the request names.
    unsafe {
        #[cfg(all(target_arch = "arm", m_profile))]
        core::arch::asm!("bkpt #0xab", inlateout("r0") operation => result, in("r1") argument);
        #[cfg(all(target_arch = "arm", not(m_profile)))]
        core::arch::asm!("svc #0x123456", inlateout("r0") operation => result, in("r1") argument, out("lr") _);
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("hlt #0xf000", inlateout("x0") operation => result, in("x1") argument);
        #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
        core::arch::asm!(
            ".option push", ".option norvc", ".balign 16",
            "slli x0, x0, 0x1f", "ebreak", "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result, in("a1") argument,
        );
    }
    result
}

fn request(operation: usize, words: &[usize]) -> isize {
    call(operation, words.as_ptr() as usize)
}

/// An open file of the host.
pub struct File(usize);

impl File {
    /// Opens a file to read; the name ends with a zero.
    pub fn open(name: &[u8]) -> Option<Self> {
        Self::with_mode(name, RB)
    }

    /// Makes a file; the name ends with a zero.
    pub fn create(name: &[u8]) -> Option<Self> {
        Self::with_mode(name, WB)
    }

    fn with_mode(name: &[u8], mode: usize) -> Option<Self> {
        let handle = request(OPEN, &[name.as_ptr() as usize, mode, name.len() - 1]);
        usize::try_from(handle).ok().map(Self)
    }

    /// Reads little-endian words of 64 bits; whether all were there.
    pub fn read_words<const N: usize>(&self, words: &mut [i64; N]) -> bool {
        let bytes = size_of_val(words);
        // What the host did not write.
        let rest = request(READ, &[self.0, words.as_mut_ptr() as usize, bytes]);
        rest == 0 && bytes > 0
    }

    /// Writes a little-endian word of 64 bits; whether the host took it.
    pub fn write_word(&self, word: i64) -> bool {
        let bytes = word.to_le_bytes();
        request(WRITE, &[self.0, bytes.as_ptr() as usize, bytes.len()]) == 0
    }

    /// Closes the file.
    pub fn close(self) {
        request(CLOSE, &[self.0]);
    }
}

/// Ends the program.
pub fn exit(success: bool) -> ! {
    /// `ADP_Stopped_ApplicationExit`, which 32-bit cores pass as it is.
    const APPLICATION_EXIT: usize = 0x20026;
    const RUN_TIME_ERROR: usize = 0x20023;
    let reason = match success {
        true => APPLICATION_EXIT,
        false => RUN_TIME_ERROR,
    };
    let block = [reason, usize::from(!success)];
    loop {
        match cfg!(target_pointer_width = "32") {
            true => call(EXIT, reason),
            false => request(EXIT, &block),
        };
    }
}
