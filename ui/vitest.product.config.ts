// Tests of the page on the running product with a simulated county; `cargo xtask test` starts both.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/product/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
})
