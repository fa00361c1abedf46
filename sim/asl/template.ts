/** A state machine's definition, taken from the CloudFormation template that would deploy it. */

/** What a deployment would know: the value of `Ref` (no attribute) or `Fn::GetAtt`, by logical id. */
export type Resolve = (logicalId: string, attribute?: string) => string | undefined;

type Node = { readonly [key: string]: unknown };

/** The definition of the machine with `logicalId`, or of the only one, with every reference resolved. */
export function definitionIn(template: unknown, resolve: Resolve, logicalId?: string): unknown {
  const machines = Object.entries(objectAt(template, 'Resources')).filter(
    ([id, resource]) =>
      (resource as Node)['Type'] === 'AWS::StepFunctions::StateMachine' && id === (logicalId ?? id),
  );
  const [only] = machines;
  if (only === undefined || machines.length > 1)
    throw new Error(
      `Resources: expected one state machine${logicalId ? ` ${logicalId}` : ''}, got ${machines.length}`,
    );
  const properties = objectAt(only[1], 'Properties');
  const { DefinitionString: text, Definition: tree, DefinitionSubstitutions: names } = properties;
  if (text === undefined && tree === undefined)
    throw new Error(`${only[0]}: expected DefinitionString or Definition, got ${Object.keys(properties)}`);
  const resolver = new Resolver(resolve);
  const substitutes = resolver.tree(names ?? {}) as Record<string, string>;
  const resolved = text === undefined ? JSON.stringify(resolver.tree(tree)) : resolver.text(text);
  return JSON.parse(resolved.replace(/\$\{(\w+)\}/g, (whole, name: string) => substitutes[name] ?? whole));
}

class Resolver {
  readonly #resolve: Resolve;
  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  /** An object or array whose values may be intrinsic functions. */
  tree(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.tree(item));
    if (typeof value !== 'object' || value === null) return value;
    const [key = ''] = Object.keys(value);
    if (Object.keys(value).length === 1 && (key === 'Ref' || key.startsWith('Fn::'))) return this.text(value);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.tree(inner)]));
  }

  text(value: unknown): string {
    if (typeof value === 'string') return value;
    const [[name, argument] = ['nothing', undefined]] = Object.entries(value as Node);
    if (name === 'Ref') return this.#reference(String(argument));
    if (name === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map((part) => this.text(part)).join(separator);
    }
    if (name === 'Fn::GetAtt') {
      const [id = '', ...attribute] =
        typeof argument === 'string' ? argument.split('.') : (argument as string[]);
      return this.#reference(id, attribute.join('.'));
    }
    if (name === 'Fn::Sub') {
      const [pattern, own] = (typeof argument === 'string' ? [argument, {}] : argument) as [string, Node];
      return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, inner: string) => {
        if (literal) return `\${${inner}}`;
        if (inner in own) return this.text(own[inner]);
        const [id = '', ...attribute] = inner.split('.');
        return attribute.length > 0 ? this.#reference(id, attribute.join('.')) : this.#reference(id);
      });
    }
    throw new Error(`DefinitionString: expected Ref, Fn::GetAtt, Fn::Join or Fn::Sub, got ${name}`);
  }

  #reference(id: string, attribute?: string): string {
    const value = attribute === undefined ? this.#resolve(id) : this.#resolve(id, attribute);
    if (value !== undefined) return value;
    if (id === 'AWS::Partition') return 'aws';
    throw new Error(`DefinitionString: nothing known of ${attribute ? `${id}.${attribute}` : id}`);
  }
}

function objectAt(value: unknown, key: string): Node {
  const inner = (value as Node | undefined)?.[key];
  if (typeof inner !== 'object' || inner === null) throw new Error(`${key}: expected an object, got nothing`);
  return inner as Node;
}
