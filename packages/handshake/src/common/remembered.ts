/** The same function, which makes its result once for each object that it is given, and keeps it as long as that lives. */
export function remembered<Of extends object, Result>(make: (of: Of) => Result): (of: Of) => Result {
  const results = new WeakMap<Of, { readonly result: Result }>();
  return (of) => {
    const known = results.get(of);
    if (known !== undefined) return known.result;
    const result = make(of);
    results.set(of, { result });
    return result;
  };
}
