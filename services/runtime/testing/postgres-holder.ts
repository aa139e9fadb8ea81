import { argv, stdout } from "node:process";
import { startPostgres } from "../embedded-postgres.ts";

/** A program that starts Postgres on a folder, says where it is, and lives until it is killed. */
const [, , directory = ""] = argv;
const { url } = await startPostgres({ directory, port: 0, password: "test", settings: { fsync: "off" } });
stdout.write(`${url}\n`);
