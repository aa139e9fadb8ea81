import { serviceConfig } from "../runtime/config.ts";

/** The trainer service calls nobody, and needs no more than every service. */
export const trainerConfig = serviceConfig;
