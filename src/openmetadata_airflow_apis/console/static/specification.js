// Reads the specification: its operations by tag, and what a `$ref` stands for.

const METHODS = ["get", "post", "put", "patch", "delete"];

export function operationsByTag(spec) {
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      ...item[method],
      path,
      method: method.toUpperCase(),
      shared: item.parameters || [],
    })),
  );
  return spec.tags
    .map((tag) => ({ ...tag, operations: operations.filter((operation) => operation.tags.includes(tag.name)) }))
    .filter((tag) => tag.operations.length);
}

export function parametersOf(spec, operation) {
  return [...operation.shared, ...(operation.parameters || [])].map((parameter) => resolved(spec, parameter));
}

// The value that a `$ref` points to; any other value as it is.
export function resolved(spec, value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((node, key) => node[key], spec);
}
