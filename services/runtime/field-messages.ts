import { getOption, hasOption } from "@bufbuild/protobuf";
import type { Violation } from "@bufbuild/protovalidate";
import { example } from "../../gen/cadre/policy/v1/policy_pb.ts";

/**
 * What is wrong with a field, for who has written it: protovalidate quotes patterns as regular expressions, and a choice that
 * was not made as a number that is on a list.
 */
export function messageOf({ field, ruleId, message }: Violation): string {
  if (ruleId === "enum.not_in") return "must be chosen";
  const desc = field.findLast((step) => step.kind === "field");
  if (ruleId !== "string.pattern" || !desc || !hasOption(desc, example)) return message;
  return `must be written like "${getOption(desc, example)}"`;
}
