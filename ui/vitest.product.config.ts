// Tests of the page on the running product; `cargo xtask test` starts it and names it in the environment.
import { defineConfig } from 'vitest/config'

/** The whole chain by six people, some minutes, when asked for: `ANCHANG_CHAIN=1`. */
const include = process.env.ANCHANG_CHAIN ? ['test/product/*.test.ts'] : ['test/product/product.test.ts']

export default defineConfig({
  test: { include, testTimeout: 240_000, hookTimeout: 60_000, fileParallelism: false },
})
