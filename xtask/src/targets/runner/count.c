/* A plugin of QEMU that counts the instructions of each call of one function.
 *
 * Arguments: entry=ADDRESS (of the function, hexadecimal), out=FILE. Counted
 * is from the first instruction of the function to its return, with all that
 * it calls; a line of the file is the count of one call. The declarations are
 * those of QEMU's plugin interface, version 1, of which Debian packages no
 * header. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned, void *),
    enum qemu_plugin_cb_flags, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

int qemu_plugin_version = 1;

/* A run of instructions without a branch into or out of it. */
struct block {
    uint64_t start, end, instructions;
};

#define CORES 16

static uint64_t entry;
static FILE *out;
/* Per core: where the last block ended, where the call returns to (0 outside
 * of a call), and what the call has taken. */
static uint64_t last_end[CORES], back[CORES], taken[CORES];

static void executed(unsigned core, void *data)
{
    const struct block *block = data;
    if (core >= CORES)
        return;
    if (!back[core] && block->start == entry) {
        /* A call ends its block, so it returns to that block's end. */
        back[core] = last_end[core];
        taken[core] = 0;
    } else if (back[core] && block->start == back[core]) {
        fprintf(out, "%llu\n", (unsigned long long)taken[core]);
        back[core] = 0;
    }
    taken[core] += block->instructions;
    last_end[core] = block->end;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    struct block *block = malloc(sizeof *block);
    size_t count = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, count - 1);
    (void)id;
    if (!block)
        abort();
    block->start = qemu_plugin_tb_vaddr(tb);
    block->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
    block->instructions = count;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "entry=", 6))
            entry = strtoull(argv[i] + 6, NULL, 16);
        else if (!strncmp(argv[i], "out=", 4))
            out = fopen(argv[i] + 4, "w");
    }
    if (!entry || !out) {
        fprintf(stderr, "count: needs entry=ADDRESS and out=FILE\n");
        return -1;
    }
    /* A program may end without a flush. */
    setvbuf(out, NULL, _IOLBF, BUFSIZ);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
