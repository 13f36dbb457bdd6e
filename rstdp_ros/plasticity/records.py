"""The outcome of an episode of adaptation, for logs and for people."""

from __future__ import annotations

from typing import Any, NamedTuple

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import real, whole
from rstdp_ros.support.untrusted import refusing


class EpisodeRecord(NamedTuple):
    """
    The outcome of an episode of adaptation.

    :param episode: its index, from 0; ``seed`` determines its start.
    :param weight_change: norm of the difference between the networks before and after.
    :param moving_average: mean of the latest ten returns.
    :param best: the guard's best mean, None before its first judgement.
    :param event: what guard and bounds did, '' for nothing.
    :param digest: of the network to continue with; ``deployed_digest`` of the one to deploy.
    """

    episode: int
    seed: int
    episode_return: float
    weight_change: float
    moving_average: float
    best: float | None
    event: str
    digest: str
    deployed_digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields under their public names."""
        fields = self._asdict()
        return {'return' if name == 'episode_return' else name: fields[name] for name in fields}

    @classmethod
    def from_json(cls, fields: Any) -> EpisodeRecord:
        """
        Undo :meth:`to_json`.

        :raises RstdpError: something else.
        """
        with refusing('episode record'):
            record = cls(**{'episode_return' if name == 'return' else name: value
                            for name, value in fields.items()})
            if not all(isinstance(text, str) for text in record[-3:]):
                raise RstdpError('event and digests must be texts')
            numbers: dict[str, Any] = {
                **{name: whole(name, getattr(record, name)) for name in ('episode', 'seed')},
                **{name: real(name, getattr(record, name)) for name in (
                    'episode_return', 'weight_change', 'moving_average')},
                'best': record.best if record.best is None else real('best', record.best)}
            return record._replace(**numbers)

    def __str__(self) -> str:
        """Format it as one line for a person who watches."""
        best = '  --  ' if self.best is None else f'{self.best:6.1f}'
        return (f'episode {self.episode:4d}   return {self.episode_return:6.1f}   '
                f'mean of 10 {self.moving_average:6.1f}   best mean {best}   '
                f'weight change {self.weight_change:.4f}   {self.event}').rstrip()
