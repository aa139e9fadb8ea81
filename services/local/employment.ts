/** The company's own operator id. It has no franchise id. */
export const COMPANY_OPERATOR_ID = "c0000000-0000-4000-8000-000000000000";

/** The claims of an operator's staff. */
export function employment(operatorId: string = COMPANY_OPERATOR_ID): Record<string, string> {
  if (operatorId === COMPANY_OPERATOR_ID) return { operator_id: operatorId };
  return { operator_id: operatorId, franchise_id: operatorId };
}
