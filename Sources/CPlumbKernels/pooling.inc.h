// Pooling on channels-last images, a vector of channels at a time.

INLINE void st_partial_int(int32_t *p, vi v, size_t n) { st_partial((float *)p, (vf)v, n); }
INLINE vi ld_partial_int(const int32_t *p, size_t n) { return (vi)ld_partial((const float *)p, n); }

static void pool_max(
    float *y, int32_t *argmax, const float *x, const plumb_pool2d_shape *s, size_t first, size_t rows) {
    size_t height = plumb_pool2d_size(s->height, s), width = plumb_pool2d_size(s->width, s);
    for (size_t r = first; r < first + rows; r++) {
        size_t top = r % height * s->stride;
        const float *image = x + r / height * s->height * s->width * s->channels;
        for (size_t c = 0; c < width; c++) {
            size_t corner = top * s->width + c * s->stride, to = (r * width + c) * s->channels;
            for (size_t i = 0; i < s->channels; i += VL) {
                size_t n = s->channels - i;
                vf largest = ld_partial(image + corner * s->channels + i, n);
                vi where = (vi)((int32_t)corner);
                for (size_t k = 1; k < s->window * s->window; k++) {
                    size_t pixel = corner + k / s->window * s->width + k % s->window;
                    vf v = ld_partial(image + pixel * s->channels + i, n);
                    // The first of equals stays, and so does what is not a number.
                    vi taken = ((v > largest) | (v != v)) & (largest == largest);
                    largest = taken ? v : largest;
                    where = taken ? (vi)((int32_t)pixel) : where;
                }
                st_partial(y + to + i, largest, n);
                if (argmax) st_partial_int(argmax + to + i, where, n);
            }
        }
    }
}

static void pool_average(float *y, const float *x, const plumb_pool2d_shape *s, size_t first, size_t rows) {
    size_t height = plumb_pool2d_size(s->height, s), width = plumb_pool2d_size(s->width, s);
    vf share = splat(1.0f / (float)(s->window * s->window));
    for (size_t r = first; r < first + rows; r++) {
        size_t top = r % height * s->stride;
        const float *image = x + r / height * s->height * s->width * s->channels;
        for (size_t c = 0; c < width; c++) {
            size_t corner = top * s->width + c * s->stride, to = (r * width + c) * s->channels;
            for (size_t i = 0; i < s->channels; i += VL) {
                vf sum = splat(0.0f);
                for (size_t k = 0; k < s->window * s->window; k++) {
                    size_t pixel = corner + k / s->window * s->width + k % s->window;
                    sum += ld_partial(image + pixel * s->channels + i, s->channels - i);
                }
                st_partial(y + to + i, sum * share, s->channels - i);
            }
        }
    }
}

/// Adds to dx, or writes where windows do not overlap, each window's gradient: all of it at the largest, or an even
/// share where argmax is NULL.
INLINE void pool_backward_image(
    float *dx, const float *dy, const int32_t *argmax, const plumb_pool2d_shape *s, size_t height, size_t width) {
    size_t channels = s->channels, window = s->window;
    vf share = splat(1.0f / (float)(window * window));
    int adds = window > s->stride, covers = window == s->stride && s->height == height * window
        && s->width == width * window;
    if (!covers) memset(dx, 0, s->height * s->width * channels * sizeof(float));
    for (size_t at = 0; at < height * width; at++, dy += channels) {
        size_t corner = (at / width * s->width + at % width) * s->stride;
        for (size_t k = 0; k < window * window; k++) {
            size_t pixel = corner + k / window * s->width + k % window;
            float *to = dx + pixel * channels;
            for (size_t i = 0; i < channels; i += VL) {
                size_t n = channels - i;
                vf d = ld_partial(dy + i, n);
                if (argmax) {
                    d = ld_partial_int(argmax + at * channels + i, n) == (int32_t)pixel ? d : splat(0.0f);
                } else {
                    d *= share;
                }
                st_partial(to + i, adds ? ld_partial(to + i, n) + d : d, n);
            }
        }
    }
}

static void pool_max_backward(
    float *dx, const float *dy, const int32_t *argmax, const plumb_pool2d_shape *s, size_t first, size_t images) {
    size_t height = plumb_pool2d_size(s->height, s), width = plumb_pool2d_size(s->width, s);
    size_t from = s->height * s->width * s->channels, to = height * width * s->channels;
    for (size_t b = first; b < first + images; b++) {
        pool_backward_image(dx + b * from, dy + b * to, argmax + b * to, s, height, width);
    }
}

static void pool_average_backward(
    float *dx, const float *dy, const plumb_pool2d_shape *s, size_t first, size_t images) {
    size_t height = plumb_pool2d_size(s->height, s), width = plumb_pool2d_size(s->width, s);
    size_t from = s->height * s->width * s->channels, to = height * width * s->channels;
    for (size_t b = first; b < first + images; b++) {
        pool_backward_image(dx + b * from, dy + b * to, NULL, s, height, width);
    }
}
