import { create } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { type TrainerRow, TrainerRowSchema } from "../../gen/cadre/trainer/v1/trainer_row_pb.ts";
import { trainerRowReader } from "./trainer-row.ts";

test("hours are judged by themselves, whatever hours came before", () => {
  const read = trainerRowReader({ of: "everybody" });
  const good = [
    { dayOfWeek: 1, startTime: "09:00", endTime: "10:00" },
    { dayOfWeek: 1, startTime: "11:00", endTime: "12:00" },
  ] as const;
  const twisted = [{ dayOfWeek: 1, startTime: "09:00", endTime: '10:00","1,11:00,12:00' }] as const;
  const overlapping = [good[0], { dayOfWeek: 1, startTime: "09:30", endTime: "12:00" }] as const;
  for (const _ of ["first", "again"]) {
    expect(read(row({ workingHours: [...good] }))).toMatchObject({ workingHours: good });
    expect(read(row({ workingHours: [...twisted] }))).toMatchObject([{ field: "working_hours[0].end_time" }]);
    expect(read(row({ workingHours: [...overlapping] }))).toMatchObject([{ field: "working_hours[1].start_time" }]);
  }
});

function row({ workingHours }: { workingHours: { dayOfWeek: 1; startTime: string; endTime: string }[] }): TrainerRow {
  return create(TrainerRowSchema, {
    externalId: "1",
    name: "Ada",
    timeZone: "UTC",
    base: { latitude: 0, longitude: 0 },
    dailySessionLimit: 1,
    workingHours,
  });
}
