import { parseArgs } from "node:util";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { TokenContent } from "../runtime/tokens.ts";
import { employment } from "./employment.ts";

export const USAGE = `Prints a token for local use.

  npm run -s token -- --role admin
  npm run -s token -- --role operator [--franchise <id>]      without one: the company's staff
  npm run -s token -- --role trainer --trainer <id> [--franchise <id>]
  npm run -s token -- --role student --student <id>
  npm run -s token -- --role service

  --operator <id>      instead of --franchise: the operator's id
  --subject <name>     who it is; "local-<role>" unless given
  --lifetime 8h        30s, 15m, 8h, 7d; 8h unless given
`;

const ROLES = {
  admin: Role.ADMIN,
  operator: Role.OPERATOR,
  trainer: Role.TRAINER,
  student: Role.STUDENT,
  service: Role.SERVICE,
};
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const id = z.guid("is not an id");

const argumentsSchema = z
  .object({
    role: z.enum(
      ["admin", "operator", "trainer", "student", "service"],
      "is admin, operator, trainer, student or service",
    ),
    franchise: id.optional(),
    operator: id.optional(),
    trainer: id.optional(),
    student: id.optional(),
    subject: z.string().min(1, "is empty").optional(),
    lifetime: z
      .string()
      .regex(/^[1-9][0-9]{0,5}[smhd]$/, "is a number with s, m, h or d")
      .default("8h"),
  })
  .superRefine(({ role, ...given }, context) => {
    const fault = (name: string, message: string) => context.addIssue({ code: "custom", path: [name], message });
    for (const person of ["trainer", "student"] as const) {
      if (role === person && !given[person]) fault(person, `is missing: --role ${person} says which one by its id`);
      if (role !== person && given[person]) fault(person, `goes with --role ${person}`);
    }
    const employer = given.franchise ?? given.operator;
    if (employer !== undefined && role !== "operator" && role !== "trainer") {
      fault(given.franchise ? "franchise" : "operator", "goes with --role operator or trainer");
    }
    if (given.franchise && given.operator && given.franchise !== given.operator) {
      fault("operator", "is not the franchise's: a franchise is its own operator");
    }
  });

/** Throws an Error whose message names every fault. */
export function tokenRequest(args: string[]): TokenContent {
  const parsed = argumentsSchema.safeParse(parseArgs({ args, options, strict: true }).values);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map(({ path, message }) => `--${path.join(".")} ${message}`).join("\n"));
  }
  const { role, subject, lifetime, trainer, student, franchise, operator } = parsed.data;
  return {
    subject: subject ?? `local-${role}`,
    role: ROLES[role],
    claims: {
      ...(role === "operator" || role === "trainer" ? employment(franchise ?? operator) : {}),
      ...(trainer ? { trainer_id: trainer } : {}),
      ...(student ? { student_id: student } : {}),
    },
    lifetimeS: seconds(lifetime),
  };
}

const options = {
  role: { type: "string" },
  franchise: { type: "string" },
  operator: { type: "string" },
  trainer: { type: "string" },
  student: { type: "string" },
  subject: { type: "string" },
  lifetime: { type: "string" },
} as const;

function seconds(lifetime: string): number {
  const unit = lifetime.at(-1) as keyof typeof SECONDS;
  return Number(lifetime.slice(0, -1)) * SECONDS[unit];
}
