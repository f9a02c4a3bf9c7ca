// The runs that the URL chooses: a table, what its columns are taken for, and which rows are left out.

import { post } from "./api.js";
import { about } from "./theme.js";

const kept = new Map();

export async function chosen(state) {
  const { first } = await about;
  const take = Object.fromEntries(
    Object.entries(state).filter(([name]) => name.startsWith("take.")).map(([name, header]) => [name.slice(5), header]),
  );
  return { table: state.table || first, take, where: state.where || null, exclude: rows(state.exclude) };
}

export const rows = (text) =>
  [...new Set((text ?? "").split(/[,\s]+/).map(Number))].filter((one) => Number.isInteger(one) && one > 0).sort((a, b) => a - b);

// What the server says of a table; asked once for each.
export function described({ table, take, where }) {
  const key = JSON.stringify([table, take, where]);
  if (!kept.has(key)) {
    const found = post("/api/runs", { table, take, where });
    found.catch(() => kept.delete(key));
    kept.set(key, found);
  }
  return kept.get(key);
}

// Texts of the state that name another table's rows, columns or laws: taken out when the table changes.
export function forgotten(state) {
  const own = ["where", "exclude", "x", "y", "colour", "laws", "law", "target", "compute", "params", "tokens", "at", "budget"];
  return Object.fromEntries(Object.keys(state).filter((name) => own.includes(name) || name.startsWith("take.")).map((name) => [name, null]));
}

// The same question as before?
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
