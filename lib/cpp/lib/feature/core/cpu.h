/* SPDX-License-Identifier: BSD-3-Clause */
/* Which instruction sets this processor has, and which one is in use. */
#ifndef CORE_CPU_H
#define CORE_CPU_H

const char *cpu_isa(void);  /* the one in use; "" when FEATURE_ISA is unknown */
const char *cpu_isas(void); /* all, separated by blanks, slowest first */

#endif
