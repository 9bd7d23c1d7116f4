import config from './jest.config.mjs'

/** The real programs, which `.ci/interop` installs; see CONTRIBUTING.md. */
export default {
  ...config,
  testMatch: ['<rootDir>/__tests__/interop/**/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 60_000
}
