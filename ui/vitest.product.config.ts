// Tests of the page on the running product; `cargo xtask test` starts it and names it in the environment.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/product/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
