import type { Finding } from "../problem.ts";
import { type Branch, memberOf } from "../reading/tree.ts";

export type ConditionForm = "field" | "all" | "any" | "not";

/** A condition step holds one condition: a comparison, or one of all, any and not. */
export function conditionFindings(tree: Branch, forms: ConditionForm[]): Finding[] {
  const place = { at: tree.at, field: tree.field };
  const operator = memberOf(tree, "operator");
  const [form, ...others] = forms;
  if (form === undefined) {
    const message =
      operator === undefined ? "a condition needs field and operator, or all, any or not" : "field is missing";
    const hint = 'For example field: "$.review.score", operator: gte, value: 8.';
    return [{ code: "missing_field", ...place, message, hint }];
  }
  if (others.length > 0) {
    const message = `${forms.join(" and ")} exclude each other`;
    return [{ code: "invalid_field", ...place, message, hint: "Put several conditions into one all or any." }];
  }
  return form === "field" ? comparisonFindings(tree) : [];
}

function comparisonFindings(tree: Branch): Finding[] {
  const place = { at: tree.at, field: tree.field };
  const operator = memberOf(tree, "operator");
  const value = memberOf(tree, "value");
  if (operator === undefined) {
    const hint = "The operators are eq, ne, gt, lt, gte, lte, contains and exists.";
    return [{ code: "missing_field", ...place, message: "operator is missing", hint }];
  }
  const isExists = operator.kind === "leaf" && operator.value === "exists";
  if (isExists && value !== undefined) {
    const hint = "To ask whether something is missing, put the comparison under not.";
    return [{ code: "invalid_field", at: value.at, field: value.field, message: "exists takes no value", hint }];
  }
  if (isExists || value !== undefined) return [];
  return [
    {
      code: "missing_field",
      ...place,
      field: `${tree.field}.value`,
      message: "value is missing: what field is compared with",
    },
  ];
}
