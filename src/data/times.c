/* times - see times_impl.h. */
#include "times_impl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rs/base/clock.h"

#define FIRST_DATE INT64_C(-62167219200) /* the first second of the year 0 */
#define LAST_DATE  INT64_C(253402300799) /* the last second of the year 9999 */

/* Bottom-up merge sort. */
void rs_sort_by_time(const int64_t *time, int64_t *rows, int64_t *tmp, int64_t n)
{
    int64_t *from = rows;
    int64_t *to = tmp;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t low = 0; low < n; low += 2 * width) {
            int64_t mid = low + width < n ? low + width : n;
            int64_t high = mid + width < n ? mid + width : n;
            int64_t a = low;
            int64_t b = mid;
            for (int64_t i = low; i < high; i++) {
                bool left = a < mid && (b == high || time[from[a]] <= time[from[b]]);
                to[i] = left ? from[a++] : from[b++];
            }
        }
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != rows) memcpy(rows, from, (size_t)n * sizeof(*rows));
}

struct rs_val *rs_time_val(int64_t seconds)
{
    char text[32];
    if (seconds < FIRST_DATE || seconds > LAST_DATE) {
        snprintf(text, sizeof(text), "%lld", (long long)seconds);
    } else {
        rs_clock_format(seconds * 1000, text, sizeof(text));
    }
    return rs_val_str(text);
}
