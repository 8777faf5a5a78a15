#include "kernels_test.h"
