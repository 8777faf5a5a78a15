/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over the windows of a tile: of its pixels, and of what else is in its planes. */
#include "template.h"

#include <string.h>

double template_shift_lines(const match_job *job, const match_scratch *s, wide *to)
{
    double lanes[SUM_LANES] = {0}, energy = 0;
    for (ptrdiff_t p = 0; p < s->used[0]; p++)
        for (ptrdiff_t y = 0; y < s->used[1]; y++)
            job->plain->shift_row(line_in(job, s->raw, p, y), s->used[2], s->offset,
                                  s->reach, line_in(job, to, p, y), lanes);
    for (int k = 0; k < SUM_LANES; k++)
        energy += lanes[k];
    return energy;
}

void template_sum_windows(const match_job *job, const match_scratch *s, wide *plane)
{
    ptrdiff_t pitch = job->length[2], area = job->length[1] * pitch;
    if (job->side[0] > 1)
        job->plain->window_lines(plane, area, s->used[1] * pitch, s->used[0],
                                 job->side[0], s->spare);
    for (ptrdiff_t p = 0; p < s->count[0]; p++)
        job->plain->window_lines(plane + p * area, pitch, s->used[2], s->used[1],
                                 job->side[1], s->spare);
}

void template_sum_far(const match_job *job, match_scratch *s)
{
    for (ptrdiff_t p = 0; p < s->used[0]; p++)
        for (ptrdiff_t y = 0; y < s->used[1]; y++)
            job->plain->far_row(line_in(job, s->raw, p, y), s->used[2], s->offset,
                                s->reach, line_in(job, s->far, p, y));
    template_sum_windows(job, s, s->far);
}

void template_count_far(const match_job *job, const match_scratch *s, ptrdiff_t p,
                        ptrdiff_t y)
{
    job->plain->window_row(line_in(job, s->far, p, y), s->used[2], job->side[2],
                           s->row[3], s->spare);
}

/* ------------------------------------------------------------------------ */
/* Squared deviations                                                       */
/* ------------------------------------------------------------------------ */

/* Of two planes each: what windows of one element along an axis hold becomes, in `out`,
 * what windows of `size` hold. Places are `step` apart; what reaches over the end of a
 * line is nobody's window. `held` is used up. */
static void widen_windows(match_job *job, wide *const *held, double elements,
                          ptrdiff_t step, ptrdiff_t size, wide *const *out, int thread)
{
    ptrdiff_t n = product(job->length), have = 0;
    for (ptrdiff_t power = 1; have < size && !team_is_stopped(&job->team, thread);
         power *= 2) {
        double of = (double)power * elements;
        ptrdiff_t next = power * step, behind = have * step;
        if ((size & power) && have == 0) {
            for (int k = 0; k < 2; k++)
                memcpy(out[k], held[k], (size_t)n * sizeof *held[k]);
        } else if (size & power) {
            const wide *part[2] = {held[0] + behind, held[1] + behind};
            job->plain->merge_spread((const wide *const *)out, (double)have * elements,
                                     part, of, n - behind, out);
        }
        have += size & power;
        if (have < size) {
            const wide *part[2] = {held[0] + next, held[1] + next};
            job->plain->merge_spread((const wide *const *)held, of, part, of, n - next,
                                     held);
        }
    }
}

void template_spread_windows(match_job *job, match_scratch *s, int thread)
{
    wide *planes[2][2] = {{s->held[0], s->held[1]}, {s->shifted, s->squares}};
    ptrdiff_t steps[AXES] = {job->length[1] * job->length[2], job->length[2], 1};
    double elements = 1;
    int from = 0;
    memset(s->held[0], 0, (size_t)product(job->length) * sizeof *s->held[0]);
    memset(s->held[1], 0, (size_t)product(job->length) * sizeof *s->held[1]);
    template_shift_lines(job, s, s->held[0]);
    for (int k = 0; k < AXES; k++) {
        if (job->side[k] == 1)
            continue;
        widen_windows(job, planes[from], elements, steps[k], job->side[k],
                      planes[!from], thread);
        elements *= (double)job->side[k];
        from = !from;
    }
    s->spread[0] = planes[from][0];
    s->spread[1] = planes[from][1];
}
