import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { auditOf } from "./testing/audit.ts";
import {
  givenFranchise,
  newTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

let server: TrainerServer;

beforeAll(async () => {
  server = await startTrainerServer();
});

afterAll(() => server?.close());

test("a franchise that was added can be read", async () => {
  const { franchises } = server.as("admin");
  const request = { requestId: randomUUIDv7(), name: "Swim Porto", countryCode: "PT" };
  const { franchise } = await franchises.createFranchise(request);
  expect(franchise).toMatchObject({ name: "Swim Porto", countryCode: "PT", etag: "1", createTime: { nanos: 0 } });
  const read = await franchises.getFranchise({ franchiseId: franchise?.franchiseId ?? "" });
  expect(read.franchise).toEqual(franchise);
});

test("repeating the request_id gives the first answer, and adds and audits nothing", async () => {
  const { franchises } = server.as("admin");
  const request = { requestId: randomUUIDv7(), name: "Swim Lisboa", countryCode: "PT" };
  const first = await franchises.createFranchise(request);
  expect(await franchises.createFranchise(request)).toEqual(first);
  expect(await auditOf(server.db, first.franchise?.franchiseId)).toEqual([
    { action: "CreateFranchise", operatorId: first.franchise?.franchiseId, requestId: request.requestId },
  ]);
  const reused = await refusalOf(franchises.createFranchise({ ...request, name: "Swim Faro" }));
  expect(reused.reason).toBe("REQUEST_ID_REUSED");
});

test("a name that another franchise has is refused, and refused again when repeated", async () => {
  const { franchises } = server.as("admin");
  await givenFranchise(server.as("admin"), "Drive Oslo");
  const request = { requestId: randomUUIDv7(), name: "Drive Oslo", countryCode: "NO" };
  const taken = { code: "AlreadyExists", reason: "FRANCHISE_NAME_TAKEN", fields: [] };
  expect(await refusalOf(franchises.createFranchise(request))).toEqual(taken);
  expect(await refusalOf(franchises.createFranchise(request))).toEqual(taken);
});

test("of ten at once that want one name, one gets it", async () => {
  const { franchises } = server.as("admin");
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      franchises.createFranchise({ requestId: randomUUIDv7(), name: "Drive Bergen", countryCode: "NO" }),
    ),
  );
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === "rejected") {
      expect((await refusalOf(Promise.reject(answer.reason))).reason).toBe("FRANCHISE_NAME_TAKEN");
    }
  }
});

test.each([
  [{ name: "" }, "name"],
  [{ name: "Swim\0Porto" }, "name"],
  [{ countryCode: "pt" }, "country_code"],
  [{ requestId: "1" }, "request_id"],
])("%j is refused", async (change, field) => {
  const request = { requestId: randomUUIDv7(), name: "Swim Braga", countryCode: "PT", ...change };
  const refusal = await refusalOf(server.as("admin").franchises.createFranchise(request));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});

test("only admins add franchises", async () => {
  const request = { requestId: randomUUIDv7(), name: "Swim Evora", countryCode: "PT" };
  const refusal = await refusalOf(server.operator(randomUUIDv7()).franchises.createFranchise(request));
  expect(refusal.code).toBe("PermissionDenied");
});

test("a franchise that does not exist is not found", async () => {
  const refusal = await refusalOf(server.as("admin").franchises.getFranchise({ franchiseId: randomUUIDv7() }));
  expect(refusal).toEqual({ code: "NotFound", reason: "FRANCHISE_NOT_FOUND", fields: [] });
});

test("an operator reads and lists its own franchise, and no other", async () => {
  const own = await givenFranchise(server.as("admin"), "Tutor Lyon");
  const other = await givenFranchise(server.as("admin"), "Tutor Nice");
  const { franchises } = server.operator(own);
  expect((await franchises.getFranchise({ franchiseId: own.toUpperCase() })).franchise?.name).toBe("Tutor Lyon");
  expect((await refusalOf(franchises.getFranchise({ franchiseId: other }))).reason).toBe("FRANCHISE_NOT_FOUND");
  expect((await franchises.listFranchises({})).franchises.map(({ name }) => name)).toEqual(["Tutor Lyon"]);
});

test("pages of franchises, by name, leave out nothing and repeat nothing", async () => {
  const longest = "Ω".repeat(200);
  for (const name of [longest, "Zed", "Zac"]) await givenFranchise(server.as("admin"), name);
  const { franchises } = server.as("service");
  const all = (await franchises.listFranchises({ pageSize: 1000 })).franchises.map(({ name }) => name);
  expect(all).toEqual(expect.arrayContaining([longest, "Zac", "Zed", "Swim Porto"]));
  expect(all.indexOf("Zac")).toBeLessThan(all.indexOf("Zed"));

  const paged: string[] = [];
  let pageToken = "";
  do {
    const page = await franchises.listFranchises({ pageSize: 2, pageToken });
    paged.push(...page.franchises.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(paged).toEqual(all);
});

test("pages of franchises go on where they were, also when the last one has another name by then", async () => {
  const names = ["Quiet A", "Quiet B", "Quiet C"];
  for (const name of names) await givenFranchise(server.as("admin"), name);
  const { franchises } = server.as("admin");
  const all = (await franchises.listFranchises({ pageSize: 1000 })).franchises;
  const first = await franchises.listFranchises({ pageSize: all.findIndex(({ name }) => name === names[0]) + 1 });
  const { franchiseId = "", etag = "" } = first.franchises.at(-1) ?? {};
  const updateMask = { paths: ["name"] };
  await franchises.updateFranchise({ requestId: randomUUIDv7(), franchiseId, etag, updateMask, name: "ZZZ" });
  const second = await franchises.listFranchises({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second.franchises.map(({ name }) => name)).toEqual(names.slice(1));
});

test("a page token that no page gave is refused", async () => {
  const { franchises, trainers } = server.as("admin");
  const refusal = { code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["page_token"] };
  expect(await refusalOf(franchises.listFranchises({ pageToken: "page two" }))).toEqual(refusal);
  expect(await refusalOf(trainers.listTrainers({ pageToken: "page two" }))).toEqual(refusal);
});

test("a student is let in to none of it", async () => {
  const { franchises, trainers } = server.as("student", { student_id: randomUUIDv7() });
  expect((await refusalOf(franchises.listFranchises({}))).code).toBe("PermissionDenied");
  expect((await refusalOf(trainers.createTrainer(newTrainer()))).code).toBe("PermissionDenied");
});

test("an update of a franchise changes what its mask names, and its etag", async () => {
  const { franchises } = server.as("admin");
  const franchiseId = await givenFranchise(server.as("admin"), "Before");
  const requestId = randomUUIDv7();
  const update = {
    requestId,
    franchiseId,
    etag: "1",
    updateMask: { paths: ["name"] },
    name: "After",
    countryCode: "AT",
  };
  const { franchise } = await franchises.updateFranchise(update);
  expect(franchise).toMatchObject({ franchiseId, name: "After", countryCode: "CZ", etag: "2" });
  expect((await franchises.updateFranchise(update)).franchise).toEqual(franchise);
  expect((await franchises.getFranchise({ franchiseId })).franchise).toEqual(franchise);
  const [, audited] = await auditOf(server.db, franchiseId);
  expect(audited).toEqual({ action: "UpdateFranchise", operatorId: franchiseId, requestId });

  const next = { requestId: randomUUIDv7(), franchiseId, etag: "2", updateMask: { paths: ["country_code"] } };
  const moved = await franchises.updateFranchise({ ...next, countryCode: "AT" });
  expect(moved.franchise).toMatchObject({ name: "After", countryCode: "AT", etag: "3" });
});

test("an update of a franchise is refused when it is stale, without a field, for a taken name, and for nobody", async () => {
  const { franchises } = server.as("admin");
  await givenFranchise(server.as("admin"), "Taken");
  const franchiseId = await givenFranchise(server.as("admin"), "Mine");
  const update = { franchiseId, etag: "1", updateMask: { paths: ["name"] }, name: "New" };
  const refused = (facts: object) =>
    refusalOf(franchises.updateFranchise({ ...update, requestId: randomUUIDv7(), ...facts }));
  expect(await refused({ etag: "0" })).toEqual({ code: "Aborted", reason: "ETAG_MISMATCH", fields: [] });
  expect(await refused({ name: "Taken" })).toMatchObject({ reason: "FRANCHISE_NAME_TAKEN" });
  expect(await refused({ franchiseId: randomUUIDv7() })).toMatchObject({ reason: "FRANCHISE_NOT_FOUND" });
  expect((await refused({ updateMask: { paths: [] } })).fields).toEqual(["update_mask"]);
  expect((await refused({ updateMask: { paths: ["name", "country_code"] }, name: "" })).fields).toEqual([
    "name",
    "country_code",
  ]);
  expect((await refused({ updateMask: { paths: ["etag"] } })).fields).toEqual(["update_mask.paths[0]"]);
  expect((await franchises.getFranchise({ franchiseId })).franchise).toMatchObject({ name: "Mine", etag: "1" });
});

test("only an admin updates a franchise", async () => {
  const franchiseId = await givenFranchise(server.as("admin"), "Own");
  const update = { requestId: randomUUIDv7(), franchiseId, etag: "1", updateMask: { paths: ["name"] }, name: "New" };
  const refusal = await refusalOf(server.operator(franchiseId).franchises.updateFranchise(update));
  expect(refusal.reason).toBe("ROLE_NOT_ALLOWED");
});
