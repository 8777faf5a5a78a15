/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of processors that a container's CPU quota amounts to, rounded up;
 * 0 where there is no quota. Reads Linux control groups, versions 1 and 2. */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

int cpu_quota(void);

#endif
