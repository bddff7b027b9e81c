import { NamedGroup } from '@handfast/wire';

/** A NIST curve as a group of key exchange. Lengths in bytes. */
export interface NistCurve {
  readonly group: number;
  readonly name: 'P-256' | 'P-384' | 'P-521';
  readonly opensslName: string;
  readonly scalarLength: number;
  readonly pointLength: number;
}

export const secp256r1: NistCurve = {
  ...{ group: NamedGroup.secp256r1, name: 'P-256', opensslName: 'prime256v1' },
  ...{ scalarLength: 32, pointLength: 65 },
};
export const secp384r1: NistCurve = {
  ...{ group: NamedGroup.secp384r1, name: 'P-384', opensslName: 'secp384r1' },
  ...{ scalarLength: 48, pointLength: 97 },
};
export const secp521r1: NistCurve = {
  ...{ group: NamedGroup.secp521r1, name: 'P-521', opensslName: 'secp521r1' },
  ...{ scalarLength: 66, pointLength: 133 },
};
