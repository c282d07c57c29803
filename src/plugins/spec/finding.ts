/** One thing that was looked at, for the owner to read. */
export interface Finding {
  readonly what: string;
  /** `bad`: something does not work. `attention`: it works, but a person should look. */
  readonly state: 'good' | 'attention' | 'bad';
  readonly message: string;
  /** What to do; absent when good. */
  readonly fix?: string;
}
