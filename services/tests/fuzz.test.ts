import { fuzzEveryMethod } from "./fuzz.ts";

fuzzEveryMethod(200, 60_000);
