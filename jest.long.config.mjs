import config from "./jest.config.mjs";

/** What takes minutes, and is run before a release: `npm run test:long`. */
/** @type {import("jest").Config} */
export default {
  ...config,
  testMatch: ["<rootDir>/services/**/*.long.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  maxWorkers: 1,
  testTimeout: 600_000,
};
