import { fuzzEveryMethod } from "./fuzz.ts";

fuzzEveryMethod(10_000, 1_800_000);
