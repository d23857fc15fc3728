// Matrix products.
#define PLUMB_MATMUL_ENTRIES .tile_rows = 0,
