import config from './jest.config.mjs'

/** The real programs, which `.ci/interop` installs; see CONTRIBUTING.md. */
export default {
  ...config,
  testMatch: ['<rootDir>/__tests__/interop/**/*.test.ts'],
  testPathIgnorePatterns: [],
  // The real timestamp authority has a fixed port: one set of services at a time.
  maxWorkers: 1,
  testTimeout: 120_000
}
