/** An object of objects, texts and numbers as YAML. A text stands in quotes where YAML could take it for something else. */
export function yaml(value: object, indent = ''): string {
  return Object.entries(value)
    .map(([key, each]) =>
      typeof each === 'object' && each !== null
        ? `${indent}${key}:\n${yaml(each, `${indent}  `)}`
        : `${indent}${key}: ${typeof each === 'string' && !/^[A-Za-z][A-Za-z0-9]*$/.test(each) ? JSON.stringify(each) : each}`,
    )
    .join('\n');
}
